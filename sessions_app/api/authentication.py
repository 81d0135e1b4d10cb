"""Who is asking, from the access token and the revocations that this worker knows of.

Its setting `AUTH_TOKEN_CLASSES` names the kinds of token that are accepted: our own, and those of
an external identity provider (`identity_provider`).
"""

import time
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import exceptions
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework_simplejwt import models, tokens
from rest_framework_simplejwt.authentication import (
    AUTH_HEADER_TYPE_BYTES,
    AUTH_HEADER_TYPES,
    JWTStatelessUserAuthentication,
)
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import AuthenticationFailed, InvalidToken
from rest_framework_simplejwt.utils import aware_utcnow

from sessions_app.domain.applications import END_USER_HEADER, is_reserved
from sessions_app.domain.errors import EndUserRefused, ServiceKeyRequired
from sessions_app.http import applications
from sessions_app.http.applications import AsksFor
from sessions_app.services import revocations

if TYPE_CHECKING:
    from rest_framework.views import APIView

# The account's `token_generation` when the token was made; a token without one is of the first.
GENERATION_CLAIM = "gen"
SIGN_IN_CLAIM = "sid"
MAX_TOKEN_CHARS = 8_192
# OpenID Connect Core, section 2: a subject is at most 255 ASCII characters.
MAX_SUBJECT_CHARS = 255

_SCHEMES = {scheme.lower(): scheme for scheme in AUTH_HEADER_TYPE_BYTES}


class TokenNotValid(exceptions.AuthenticationFailed):
    """The token is malformed, expired, spent, of the wrong kind, or not signed by us: 401."""

    default_detail = "The token is not valid: malformed, expired, spent or of the wrong kind."
    default_code = "token_not_valid"


class TokenUser(models.TokenUser):
    """What an access token says of its bearer; `id` is the `user_id` of everything they own."""

    is_superuser = False

    @cached_property
    def is_staff(self) -> bool:
        """Whether the token says so, and not merely something that counts as true."""
        return self.token.get("is_staff") is True

    @cached_property
    def token_generation(self) -> int:
        """The generation of the account that the token was made for."""
        generation = self.token.get(GENERATION_CLAIM, 0)
        return generation if isinstance(generation, int) else 0

    @cached_property
    def sign_in(self) -> str:
        """The sign-in that the token comes from; empty for another issuer's token."""
        return str(self.token.get(SIGN_IN_CLAIM, ""))

    def __str__(self) -> str:
        return self.username or self.id


class InScope(IsAuthenticated):
    """Requires a caller; of a service key, the scope of the route, and an end user to speak for."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether the caller may; raises NotAllowed, EndUserInvalid."""
        if not super().has_permission(request, view):
            return False
        if isinstance(request.auth, applications.ServiceCredential):
            applications.authorize(request, view, request.auth)
            return True
        if applications.HEADER_KEY in request.META:
            raise EndUserRefused
        if getattr(view, "asks_for", None) is AsksFor.ITSELF:
            raise ServiceKeyRequired
        return True


class RememberedAccessToken(tokens.AccessToken):
    """Our own access token. A signature that was right is remembered, `exp` is checked each time.

    A token is shown many times in its few minutes, and verifying it costs more than the rest of
    the authentication together: docs/decisions has the figure.
    """

    def __init__(self, token: bytes) -> None:
        self.token, self.current_time = token, aware_utcnow()  # type: ignore[assignment]
        self.payload = _verified_claims(token, self.get_token_backend()).copy()
        # Mostly a comparison; what is near its end or past it the library judges, with the leeway.
        if self.payload["exp"] <= self.current_time.timestamp():
            self.check_exp()


@lru_cache(maxsize=4_096)
def _verified_claims(token: bytes, _by: TokenBackend) -> dict[str, Any]:
    return tokens.AccessToken(token).payload  # type: ignore[arg-type]


class TokenAuthentication(JWTStatelessUserAuthentication):
    """`Authorization: Bearer <access token>`, RFC 6750."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The token's bearer; None without a bearer token; raises TokenNotValid."""
        try:
            return super().authenticate(request)
        except AuthenticationFailed as error:
            raise TokenNotValid from error

    def authenticate_header(self, request: Request) -> str:
        """The value of `WWW-Authenticate` in a 401."""
        return str(AUTH_HEADER_TYPES[0])

    def get_raw_token(self, header: bytes) -> bytes | None:
        """The token in the header, whose scheme may be in any casing (RFC 9110, 11.1)."""
        words = header.split()
        words[:1] = [_SCHEMES.get(word.lower(), word) for word in words[:1]]
        return super().get_raw_token(b" ".join(words))

    def get_validated_token(self, raw_token: bytes) -> Any:
        """The token, once it is known to be good; raises InvalidToken."""
        if len(raw_token) > MAX_TOKEN_CHARS:
            raise InvalidToken
        return super().get_validated_token(raw_token)

    def get_user(self, validated_token: Any) -> Any:
        """The bearer; raises InvalidToken for a subject that is no usable id, or is revoked."""
        user: Any = super().get_user(validated_token)
        if not _is_subject(user.id):
            raise InvalidToken
        # Mostly nobody is revoked, and this is in the way of every request.
        if time.monotonic() >= revocations.known.none_until and revocations.is_revoked(
            revocations.Bearer(user.id, user.token_generation, user.sign_in)
        ):
            raise InvalidToken
        return user


def _is_subject(subject: object) -> bool:
    return (
        isinstance(subject, str)
        and 1 <= len(subject) <= MAX_SUBJECT_CHARS
        and subject.isascii()
        and subject.isprintable()
        # The namespaces of applications, whose users only service keys speak for.
        and not (subject[:4].lower() == "app:" and is_reserved(subject))
    )


def access_token_user(token: str) -> TokenUser:
    """The bearer of an access token, ours or the identity provider's; raises TokenNotValid."""
    authentication = TokenAuthentication()
    try:
        user: TokenUser = authentication.get_user(
            authentication.get_validated_token(token.encode())
        )
    except AuthenticationFailed as error:
        raise TokenNotValid from error
    return user


class TokenAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API description shows TokenAuthentication: whose credentials a route takes."""

    target_class = "sessions_app.api.authentication.TokenAuthentication"
    match_subclasses = True
    name = ["accessToken", "serviceKey"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        """A token or a user's key; a service key where the route has a scope."""
        own: dict[str, list[Any]] = {"accessToken": []}
        view = auto_schema.view
        if applications.scope_of(view, auto_schema.method.upper()) is None:
            return [own]
        by_key: dict[str, list[Any]] = {"serviceKey": []}
        return [by_key] if getattr(view, "asks_for", None) is AsksFor.ITSELF else [own, by_key]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        """HTTP bearer schemes."""
        return [
            {
                "type": "http",
                "scheme": "bearer",
                "bearerFormat": "JWT",
                "description": (
                    "The `access` token of `POST /auth/token`; but for the account's own routes, "
                    "also an API key of `POST /auth/api-keys`."
                ),
            },
            {
                "type": "http",
                "scheme": "bearer",
                # The header is no scheme and no parameter: those of a token must not send it.
                "description": (
                    f"An application's key, of `manage.py create_service_key`. `{END_USER_HEADER}` "
                    "says for which of its users it asks, by the application's own id; on `/v1` "
                    "a body may say it with `user`. The routes under `/users` take neither."
                ),
            },
        ]
