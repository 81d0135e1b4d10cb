"""Who is asking, from the access token alone: no database is read.

Our own tokens are signed HS256 with the service's key. When `JWT_JWK_URL` is set, tokens that an
external identity provider signed RS256 or ES256 are accepted beside them.
"""

import logging
import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jwt
from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenBackendError
from rest_framework_simplejwt.state import token_backend

logger = logging.getLogger(__name__)

MAX_TOKEN_CHARS = 8_192
# OpenID Connect Core, section 2: a subject is at most 255 ASCII characters.
MAX_SUBJECT_CHARS = 255

PROVIDER_ALGORITHMS = ["RS256", "ES256"]
# How far the clocks of two organisations may be apart.
PROVIDER_LEEWAY_SECONDS = 30
KEYS_FRESH_SECONDS = 300
# A provider that is down longer than this may also have withdrawn a key.
KEYS_USABLE_SECONDS = 3_600
# Tokens with made-up key names must not become a flood of requests to the provider.
FETCH_PAUSE_SECONDS = 10
FETCH_WAIT_SECONDS = 2.0


class TokenNotValid(AuthenticationFailed):
    """The token is malformed, expired, spent, of the wrong kind, or not signed by us: 401."""

    default_detail = "The token is not valid: malformed, expired, spent or of the wrong kind."
    default_code = "token_not_valid"


@dataclass(frozen=True, slots=True)
class TokenUser:
    """What an access token says of its bearer; `id` is the `user_id` of everything they own."""

    id: str
    username: str = ""
    is_staff: bool = False

    is_active = True
    is_authenticated = True
    is_anonymous = False

    @property
    def pk(self) -> str:
        """The same as `id`: Django and DRF ask for a user's `pk`."""
        return self.id

    def __str__(self) -> str:
        return self.username or self.id


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <access token>`, RFC 6750."""

    def authenticate(self, request: Request) -> tuple[TokenUser, Any] | None:
        """The token's bearer; None without a bearer token; raises TokenNotValid."""
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() != "bearer":
            return None
        return access_token_user(token.strip()), None

    def authenticate_header(self, request: Request) -> str:
        """The value of `WWW-Authenticate` in a 401."""
        return "Bearer"


def access_token_user(token: str) -> TokenUser:
    """The bearer of an access token, ours or the identity provider's; raises TokenNotValid."""
    try:
        user, expires_at = _own_bearer(token)
    except TokenNotValid:
        provider = identity_provider(
            settings.JWT_JWK_URL, settings.JWT_ISSUER, settings.JWT_AUDIENCE
        )
        if provider is None:
            raise
        # Who is staff here is ours to say, whatever the provider's token claims.
        return TokenUser(id=_subject(provider.claims(token)))
    if expires_at <= time.time():
        raise TokenNotValid
    return user


@lru_cache(maxsize=4_096)
def _own_bearer(token: str) -> tuple[TokenUser, int]:
    """The bearer of our own access token and when it expires, in seconds since 1970.

    Remembered, because a signature that was right stays right: a token is shown many times in its
    few minutes, and verifying it costs more than the rest of the authentication together.
    """
    claims = own_claims(token, kind="access")
    user = TokenUser(
        id=claims["sub"],
        username=str(claims.get("username", "")),
        is_staff=claims.get("is_staff") is True,
    )
    return user, int(claims["exp"])


def own_claims(token: str, *, kind: str) -> dict[str, Any]:
    """The claims of a token that we signed, unexpired and of this kind (`access`, `refresh`).

    Raises TokenNotValid. `sub` is there and is a usable user id.
    """
    if len(token) > MAX_TOKEN_CHARS:
        raise TokenNotValid
    try:
        claims: dict[str, Any] = token_backend.decode(token)  # type: ignore[arg-type]
    except (TokenBackendError, UnicodeError) as error:
        raise TokenNotValid from error
    # RFC 7519, 4.1.4 makes `exp` optional; a token without an end is one we never issued.
    if claims.get("token_type") != kind or "exp" not in claims:
        raise TokenNotValid
    _subject(claims)
    return claims


def _subject(claims: dict[str, Any]) -> str:
    subject = claims.get("sub")
    if (
        not isinstance(subject, str)
        or not 1 <= len(subject) <= MAX_SUBJECT_CHARS
        or not (subject.isascii() and subject.isprintable())
    ):
        raise TokenNotValid
    return subject


class IdentityProvider:
    """Verifies the tokens of an external identity provider with the keys it publishes (RFC 7517).

    Keys are fetched in a thread, one fetch at a time, so that a provider that is down or slow
    costs a request at most `FETCH_WAIT_SECONDS`, and nothing when its key is already known.
    """

    def __init__(self, *, url: str, issuer: str, audience: str) -> None:
        self._issuer, self._audience = issuer, audience
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_WAIT_SECONDS)
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched_at = self._started_at = float("-inf")
        self._lock = threading.Lock()
        self._fetched = threading.Event()

    def claims(self, token: str) -> dict[str, Any]:
        """The verified claims; raises TokenNotValid."""
        if len(token) > MAX_TOKEN_CHARS:
            raise TokenNotValid
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in PROVIDER_ALGORITHMS:
                raise TokenNotValid
            return jwt.decode(
                token,
                self._key(header.get("kid")),
                algorithms=PROVIDER_ALGORITHMS,
                issuer=self._issuer or None,
                audience=self._audience or None,
                leeway=PROVIDER_LEEWAY_SECONDS,
                options={"require": ["exp", "sub"], "verify_aud": bool(self._audience)},
            )
        except (jwt.PyJWTError, UnicodeError) as error:
            raise TokenNotValid from error

    def _key(self, kid: str | None) -> jwt.PyJWK:
        age = time.monotonic() - self._fetched_at
        if age > KEYS_USABLE_SECONDS:
            self._keys = {}
        if kid not in self._keys or age > KEYS_FRESH_SECONDS:
            fetched = self._refresh()
            if kid not in self._keys:
                fetched.wait(FETCH_WAIT_SECONDS)
        try:
            return self._keys[kid]
        except KeyError as error:
            raise TokenNotValid from error

    def _refresh(self) -> threading.Event:
        """Start a fetch unless one is under way or was a moment ago; the event of its end."""
        with self._lock:
            now = time.monotonic()
            if now - self._started_at >= FETCH_PAUSE_SECONDS:
                self._started_at, self._fetched = now, threading.Event()
                threading.Thread(target=self._fetch, args=[self._fetched], daemon=True).start()
            return self._fetched

    def _fetch(self, fetched: threading.Event) -> None:
        try:
            self._keys = {key.key_id: key for key in self._client.get_signing_keys()}
            self._fetched_at = time.monotonic()
        except (jwt.PyJWTError, OSError, ValueError, RecursionError) as error:
            logger.warning("The keys of the identity provider could not be fetched: %s", error)
        finally:
            fetched.set()


@lru_cache(maxsize=4)
def identity_provider(url: str, issuer: str, audience: str) -> IdentityProvider | None:
    """The provider these settings name, one for the process; None without a `url`."""
    return IdentityProvider(url=url, issuer=issuer, audience=audience) if url else None


class TokenAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the API description shows TokenAuthentication."""

    target_class = "sessions_app.api.authentication.TokenAuthentication"
    match_subclasses = True
    name = "accessToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        """An HTTP bearer scheme whose tokens are JWTs."""
        return {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": (
                "The `access` token of `POST /auth/token`; but for the account's own routes, also "
                "an API key of `POST /auth/api-keys`."
            ),
        }
