"""Who is asking: by an access token, or by an API key."""

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request

from accounts.api_keys import PREFIX, KeyCredential, key_bearer
from sessions_app.api.authentication import TokenAuthentication, TokenUser

if TYPE_CHECKING:
    from rest_framework.views import APIView


class BearerAuthentication(TokenAuthentication):
    """`Authorization: Bearer <access token or API key>`, RFC 6750."""

    def authenticate(self, request: Request) -> tuple[TokenUser, Any] | None:
        """The bearer, and which key was shown; raises TokenNotValid."""
        scheme, _, shown = request.META.get("HTTP_AUTHORIZATION", "").strip().partition(" ")
        if scheme.lower() == "bearer" and shown.strip().startswith(PREFIX):
            return key_bearer(shown.strip(), now=timezone.now())
        return super().authenticate(request)


class InPerson(IsAuthenticated):
    """Signed in with a password: a key is good for conversations, not for the account itself."""

    message = "An API key cannot be used for the account that it belongs to."
    code = "api_key_not_allowed"

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Whether no key was shown."""
        if isinstance(request.auth, KeyCredential):
            return False
        return super().has_permission(request, view)
