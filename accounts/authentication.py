"""Authentication by an access token or an API key."""

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework import HTTP_HEADER_ENCODING
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from accounts.credentials.api_keys import PREFIX, key_verify
from accounts.models import ApiKey
from sessions_app.api.authentication import TokenAuthentication

if TYPE_CHECKING:
    from rest_framework.views import APIView


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <access token or API key>` (RFC 6750); `request.auth` is either."""

    def get_validated_token(self, raw_token: bytes) -> Any:
        """The token, or the stored key; raises InvalidToken, TokenNotValid."""
        if raw_token.startswith(PREFIX.encode()):
            return key_verify(raw_token.decode(HTTP_HEADER_ENCODING), now=timezone.now())
        return super().get_validated_token(raw_token)

    def get_user(self, validated_token: Any) -> Any:
        if isinstance(validated_token, ApiKey):
            return validated_token.user
        return super().get_user(validated_token)


class InPerson(IsAuthenticated):
    """Requires a sign-in with a password: API keys may use sessions, but not the account itself."""

    message = "An API key cannot be used for the account that it belongs to."
    code = "api_key_not_allowed"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        return not isinstance(request.auth, ApiKey) and super().has_permission(request, view)
