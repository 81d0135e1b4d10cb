"""Tokens that an external identity provider signed RS256 or ES256, accepted beside our own.

`JWT_JWK_URL` says where the provider publishes its keys; without it no such token is accepted.
"""

import logging
import threading
import time
from datetime import timedelta
from functools import lru_cache

import jwt
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.tokens import Token

logger = logging.getLogger(__name__)

PROVIDER_ALGORITHMS = ("RS256", "ES256")
# How far the clocks of two organisations may be apart.
PROVIDER_LEEWAY_SECONDS = 30
KEYS_FRESH_SECONDS = 300
# A provider that is down longer than this may also have withdrawn a key.
KEYS_USABLE_SECONDS = 3_600
# Tokens with made-up key names must not become a flood of requests to the provider.
FETCH_PAUSE_SECONDS = 10
FETCH_WAIT_SECONDS = 2.0


class ProviderToken(Token):
    """A token of the external identity provider; of its claims, the subject alone counts here."""

    token_type = "provider"  # noqa: S105
    lifetime = timedelta()  # none is issued here

    def get_token_backend(self) -> TokenBackend:
        """What verifies the token's algorithm; raises TokenError."""
        try:
            algorithm = jwt.get_unverified_header(self.token).get("alg")  # type: ignore[arg-type]
        except jwt.PyJWTError as error:
            raise TokenError("The header cannot be read.") from error
        names = (settings.JWT_JWK_URL, settings.JWT_ISSUER, settings.JWT_AUDIENCE)
        for backend in provider_backends(*names):
            if backend.algorithm == algorithm:
                return backend
        raise TokenError("No identity provider signs with this algorithm.")

    def verify(self) -> None:
        """Require what RFC 7519 leaves optional; who is staff is not for the provider to say."""
        # The back end has checked `exp` where there is one.
        if "exp" not in self.payload or "sub" not in self.payload:
            raise TokenError("The token has no end or no subject.")
        self.payload = {api_settings.USER_ID_CLAIM: self.payload["sub"]}


class ProviderKeys(jwt.PyJWKClient):
    """The keys that an identity provider publishes (RFC 7517).

    They are fetched in a thread, one fetch at a time, so that a provider that is down or slow
    costs a request at most `FETCH_WAIT_SECONDS`, and nothing when its key is already known.
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, cache_jwk_set=False, timeout=FETCH_WAIT_SECONDS)
        self._keys: dict[str | None, jwt.PyJWK] = {}
        self._fetched_at = self._started_at = float("-inf")
        self._lock = threading.Lock()
        self._fetched = threading.Event()

    def get_signing_key_from_jwt(self, token: str | bytes) -> jwt.PyJWK:
        """The key that the token names, if it is of the token's algorithm."""
        header = jwt.get_unverified_header(token)
        key = self.get_signing_key(header.get("kid"))
        if key.algorithm_name != header["alg"]:
            raise jwt.PyJWKClientError("The key is of another algorithm.")
        return key

    def get_signing_key(self, kid: str | None) -> jwt.PyJWK:
        """The key of this name, fetched if need be; raises PyJWKClientError."""
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
            raise jwt.PyJWKClientError("The provider publishes no such key.") from error

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
            self._keys = {key.key_id: key for key in self.get_signing_keys()}
            self._fetched_at = time.monotonic()
        except (jwt.PyJWTError, OSError, ValueError, RecursionError) as error:
            logger.warning("The keys of the identity provider could not be fetched: %s", error)
        finally:
            fetched.set()


@lru_cache(maxsize=4)
def provider_backends(url: str, issuer: str, audience: str) -> list[TokenBackend]:
    """What verifies the tokens of the provider that these settings name; none without a `url`."""
    if not url:
        return []
    backends = [
        TokenBackend(
            algorithm,
            audience=audience or None,
            issuer=issuer or None,
            leeway=PROVIDER_LEEWAY_SECONDS,
        )
        for algorithm in PROVIDER_ALGORITHMS
    ]
    keys = ProviderKeys(url)
    for backend in backends:
        backend.jwks_client = keys
    return backends
