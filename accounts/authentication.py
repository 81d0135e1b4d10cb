"""Authentication by an access token or an API key."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import HTTP_HEADER_ENCODING
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from accounts.credentials.api_keys import PREFIX, key_verify
from accounts.errors import AccountNotFound
from accounts.models import ApiKey
from accounts.services import account_get
from sessions_app.api.authentication import TokenAuthentication, TokenNotValid

if TYPE_CHECKING:
    from rest_framework.views import APIView


# In a request's environment: what its API key has been found to be, by a server that asks first.
KNOWN_KEY = "chat_sessions.api_key"


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An API key that has been looked up before its request began, or why it is not valid."""

    key: ApiKey | None = None
    error: Exception | None = None

    def get(self) -> ApiKey:
        """The stored key; raises what looking it up raised."""
        if self.key is None:
            raise self.error or TokenNotValid
        return self.key


def known_key(credential: str) -> KnownKey:
    """What an API key is; raises TokenNotValid, or DatabaseError."""
    return KnownKey(key_verify(credential, now=timezone.now()))


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <access token or API key>` (RFC 6750); `request.auth` is either."""

    _known: KnownKey | None = None

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        """The bearer; an API key that the server has looked up is not looked up again."""
        known = request.META.get(KNOWN_KEY)
        self._known = known if isinstance(known, KnownKey) else None
        return super().authenticate(request)

    def get_validated_token(self, raw_token: bytes) -> Any:
        """The token, or the stored key; raises InvalidToken, TokenNotValid."""
        if raw_token.startswith(PREFIX.encode()):
            if self._known is not None:
                return self._known.get()
            return key_verify(raw_token.decode(HTTP_HEADER_ENCODING), now=timezone.now())
        return super().get_validated_token(raw_token)

    def get_user(self, validated_token: Any) -> Any:
        if isinstance(validated_token, ApiKey):
            return validated_token.user
        return super().get_user(validated_token)


def _compare(bearer: Any) -> None:
    try:
        account = account_get(user_id=bearer.id)
    except AccountNotFound:
        # Erased, or a user of the identity provider; the view answers for both.
        return
    if account.token_generation != bearer.token_generation:
        raise TokenNotValid


class InPerson(IsAuthenticated):
    """Requires a sign-in with a password: API keys may use sessions, but not the account itself."""

    message = "An API key cannot be used for the account that it belongs to."
    code = "api_key_not_allowed"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        if isinstance(request.auth, ApiKey) or not super().has_permission(request, view):
            return False
        # The account's row is read here anyway, so a token is compared with it, too.
        _compare(request.user)
        return True
