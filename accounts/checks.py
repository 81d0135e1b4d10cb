"""System checks of the token settings; `manage.py check` and `serve` run them."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import jwt
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError
from rest_framework_simplejwt.settings import DEFAULTS, api_settings
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken, UntypedToken

from sessions_app.domain.limits import ACCESS_TOKEN_MAX_MINUTES

TAG = "accounts"


@register(TAG)
def identity_provider_settings(**_: Any) -> list[CheckMessage]:
    """The keys' address must be fetchable; tokens should name this service as their audience."""
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
    """Every setting of SIMPLE_JWT must be known and have an effect; together they must work."""
    claims = (api_settings.TOKEN_TYPE_CLAIM, api_settings.JTI_CLAIM, api_settings.USER_ID_CLAIM)
    refusals = [
        ("E002", f"has no setting {name}.")
        for name in sorted(api_settings.user_settings.keys() - DEFAULTS.keys())
    ]
    if api_settings.CHECK_REVOKE_TOKEN:
        refusals.append(("E003", "CHECK_REVOKE_TOKEN has no effect: no database is read."))
    if not all(claims):
        refusals.append(("E004", "TOKEN_TYPE_CLAIM, JTI_CLAIM and USER_ID_CLAIM must be set."))
    if api_settings.USER_ID_FIELD not in {"id", "pk"}:
        refusals.append(("E005", "USER_ID_FIELD must be id, by which sessions are owned."))
    if timedelta(minutes=ACCESS_TOKEN_MAX_MINUTES) < api_settings.ACCESS_TOKEN_LIFETIME:
        text = f"ACCESS_TOKEN_LIFETIME must be at most {ACCESS_TOKEN_MAX_MINUTES} minutes."
        refusals.append(("E007", text))
    if problem := _signing_problem():
        refusals.append(("E006", f"no token can be signed and verified: {problem}."))
    messages: list[CheckMessage] = [
        Error(f"SIMPLE_JWT: {text}", id=f"accounts.{code}") for code, text in refusals
    ]
    if api_settings.ROTATE_REFRESH_TOKENS != api_settings.BLACKLIST_AFTER_ROTATION:
        text = "ROTATE_REFRESH_TOKENS and BLACKLIST_AFTER_ROTATION should be set alike."
        hint = "Only both together make a refresh token good for one use."
        messages.append(Warning(f"SIMPLE_JWT: {text}", hint=hint, id="accounts.W003"))
    return messages


def _signing_problem() -> Exception | str | None:
    """Signs a token of each kind, and verifies it where that needs no request to JWK_URL."""
    for token_class in (AccessToken, RefreshToken):
        try:
            token = token_class()
            signed = str(token)
            if not token.token_backend.jwks_client:
                UntypedToken(signed)  # type: ignore[arg-type]
        except (TokenError, TokenBackendError, jwt.PyJWTError, TypeError, ValueError) as error:
            return error
        if token["exp"] <= token["iat"]:
            return "lifetimes must be positive"
    return None
