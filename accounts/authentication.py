"""Authentication by an access token, an API key, or an application's service key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import HTTP_HEADER_ENCODING
from rest_framework.request import Request

from accounts.credentials import api_keys, service_keys
from accounts.errors import AccountNotFound
from accounts.models import ApiKey, ServiceKey
from accounts.services import account_get
from sessions_app.api.authentication import InScope, TokenAuthentication, TokenNotValid
from sessions_app.domain.applications import namespace
from sessions_app.http.applications import Caller, ServiceCredential

if TYPE_CHECKING:
    from rest_framework.views import APIView


# What keys begin with, for whoever tells them from tokens.
KEY_PREFIXES = (api_keys.PREFIX, service_keys.PREFIX)
_PREFIXES = tuple(prefix.encode() for prefix in KEY_PREFIXES)
# In a request's environment: what its API key has been found to be, by a server that asks first.
KNOWN_KEY = "chat_sessions.api_key"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """A key that has been looked up before its request began, or why it is not valid."""

    key: ApiKey | ServiceKey | None = None
    error: Exception | None = None

    def get(self) -> ApiKey | ServiceKey:
        """The stored key; raises what looking it up raised."""
        if self.key is None:
            raise self.error or TokenNotValid
        return self.key


def known_key(credential: str) -> KnownKey:
    """What a key is, an application's or a user's; raises TokenNotValid, or DatabaseError."""
    return KnownKey(_verified(credential))


def _verified(credential: str) -> ApiKey | ServiceKey:
    now = timezone.now()
    if credential.startswith(service_keys.PREFIX):
        return service_keys.service_key_verify(credential, now=now)
    return api_keys.key_verify(credential, now=now)


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <access token or key>` (RFC 6750).

    `request.auth` is the token, the stored API key, or what a service key says.
    """

    _known: KnownKey | None = None

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The bearer; an API key that the server has looked up is not looked up again."""
        known = request.META.get(KNOWN_KEY)
        self._known = known if isinstance(known, KnownKey) else None
        return super().authenticate(request)

    def get_validated_token(self, raw_token: bytes) -> Any:
        """The token, or what the key is; raises InvalidToken, TokenNotValid."""
        if not raw_token.startswith(_PREFIXES):
            return super().get_validated_token(raw_token)
        known = self._known or KnownKey(_verified(raw_token.decode(HTTP_HEADER_ENCODING)))
        key = known.get()
        return _credential(key) if isinstance(key, ServiceKey) else key

    def get_user(self, validated_token: Any) -> Any:
        if isinstance(validated_token, ApiKey):
            return validated_token.user
        if isinstance(validated_token, ServiceCredential):
            # Until the permission knows for whom the request asks, which may be in its body.
            return Caller(namespace(validated_token.application_id))
        return super().get_user(validated_token)


def _credential(key: ServiceKey) -> ServiceCredential:
    return ServiceCredential(
        application_id=str(key.application_id),
        scopes=frozenset(key.scopes),
        require_session=key.require_session,
        requests_a_minute=key.application.requests_a_minute,
    )


def _compare(bearer: Any) -> None:
    try:
        account = account_get(user_id=bearer.id)
    except AccountNotFound:
        # Erased, or a user of the identity provider; the view answers for both.
        return
    if account.token_generation != bearer.token_generation:
        raise TokenNotValid


class InPerson(InScope):
    """Requires a sign-in with a password: keys may use sessions, but not the account itself."""

    message = "An API key cannot be used for the account that it belongs to."
    code = "api_key_not_allowed"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.auth, ApiKey) or not super().has_permission(request, view):
            return False
        # The account's row is read here anyway, so a token is compared with it, too.
        _compare(request.user)
        return True
