"""Checks of the settings of tokens; `manage.py check` runs them, and `serve` before it serves."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.settings import DEFAULTS, api_settings

TAG = "accounts"


@register(TAG)
def identity_provider_settings(**_: Any) -> list[CheckMessage]:
    """The keys' address must be one we can fetch; the provider's tokens should be meant for us."""
    if not settings.JWT_JWK_URL:
        return []
    messages: list[CheckMessage] = []
    if urlsplit(settings.JWT_JWK_URL).scheme not in {"http", "https"}:
        messages.append(Error("JWT_JWK_URL must be an http or https address.", id="accounts.E001"))
    messages += [
        Warning(
            f"JWT_JWK_URL is set without {name}.",
            hint="Tokens that the provider signed for any other application are accepted too.",
            id=f"accounts.{code}",
        )
        for name, code in (("JWT_ISSUER", "W001"), ("JWT_AUDIENCE", "W002"))
        if not getattr(settings, name)
    ]
    return messages


@register(TAG)
def token_settings(**_: Any) -> list[CheckMessage]:
    """Each setting of SIMPLE_JWT must have its effect, and what they say together must work."""
    refusals = [*_without_effect(), *_unsafe(), *_unusable()]
    messages: list[CheckMessage] = [Error(text, id=f"accounts.{code}") for code, text in refusals]
    if api_settings.ROTATE_REFRESH_TOKENS != api_settings.BLACKLIST_AFTER_ROTATION:
        messages.append(
            Warning(
                "ROTATE_REFRESH_TOKENS and BLACKLIST_AFTER_ROTATION are not set alike.",
                hint="Only both together make a refresh token good for one use.",
                id="accounts.W003",
            )
        )
    return messages


def _without_effect() -> list[tuple[str, str]]:
    """Names that SimpleJWT does not know and would pass over, and what this service does not do."""
    refusals = [
        ("E002", f"SIMPLE_JWT has no setting {name}.")
        for name in sorted(api_settings.user_settings.keys() - DEFAULTS.keys())
    ]
    refusals += [
        ("E003", f"SIMPLE_JWT: {name} has no effect, as no sliding tokens are issued.")
        for name in sorted(api_settings.user_settings)
        if name.startswith("SLIDING_")
    ]
    if api_settings.CHECK_REVOKE_TOKEN:
        text = "access tokens are read without a database, and refresh tokens end with the password"
        refusals.append(("E004", f"SIMPLE_JWT: CHECK_REVOKE_TOKEN has no effect: {text}."))
    return refusals


def _unsafe() -> list[tuple[str, str]]:
    refusals = [
        ("E005", f"SIMPLE_JWT: {name} must name a claim, or tokens could be exchanged.")
        for name in ("TOKEN_TYPE_CLAIM", "JTI_CLAIM", "USER_ID_CLAIM")
        if not getattr(api_settings, name)
    ]
    if api_settings.USER_ID_FIELD not in {"id", "pk"}:
        text = "sessions belong to the account's id"
        refusals.append(("E006", f"SIMPLE_JWT: USER_ID_FIELD must be id: {text}."))
    return refusals


def _unusable() -> list[tuple[str, str]]:
    """Sign a token of each kind and verify it, as far as that needs no request to JWK_URL."""
    # Importing this may fail on settings that make no sense, which is to be found out here.
    from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, UntypedToken

    try:
        for kind in (AccessToken, RefreshToken):
            if not (isinstance(kind.lifetime, timedelta) and kind.lifetime > timedelta()):
                raise TokenError("lifetimes must be positive")
            token = kind()
            signed = str(token)
            if not token.token_backend.jwks_client:
                UntypedToken(signed)  # type: ignore[arg-type]
    except (
        *(TokenError, TokenBackendError, jwt.PyJWTError),
        *(TypeError, ValueError, AttributeError, NotImplementedError),
    ) as error:
        return [("E007", f"SIMPLE_JWT: no token can be signed and verified: {error}.")]
    return []
