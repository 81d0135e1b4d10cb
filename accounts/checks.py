"""Checks of the settings of an external identity provider; `manage.py check` runs them."""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004


@register
def identity_provider_settings(**_: Any) -> list[CheckMessage]:
    """The keys' address must be one we can fetch; the provider's tokens should be meant for us."""
    if not settings.JWT_JWK_URL:
        return []
    found: list[CheckMessage] = []
    if urlsplit(settings.JWT_JWK_URL).scheme not in {"http", "https"}:
        found.append(Error("JWT_JWK_URL must be an http or https address.", id="accounts.E001"))
    found += [
        Warning(
            f"JWT_JWK_URL is set without {name}.",
            hint="Tokens that the provider signed for any other application are accepted too.",
            id=f"accounts.{code}",
        )
        for name, code in (("JWT_ISSUER", "W001"), ("JWT_AUDIENCE", "W002"))
        if not getattr(settings, name)
    ]
    return found
