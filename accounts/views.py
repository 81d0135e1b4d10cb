"""The account routes: validate, call a service, answer."""

from dataclasses import asdict
from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts import api_keys, erasure, personal_data, services, tokens
from accounts import schema as described
from accounts.authentication import InPerson
from accounts.models import ApiKey
from accounts.serializers import (
    ApiKeyRequestSerializer,
    CredentialsSerializer,
    PasswordChangeSerializer,
    PasswordConfirmationSerializer,
    ProfileChangesSerializer,
    RefreshSerializer,
    RegisteredSerializer,
    RegistrationSerializer,
    TokenPairSerializer,
    TokenSerializer,
    UserSerializer,
)
from accounts.throttles import SignInThrottle
from sessions_app.api.negotiation import AcceptIgnored
from sessions_app.api.wire.messages import timestamp
from sessions_app.domain import records
from sessions_app.http.input import idempotency_key
from sessions_app.http.throttles import AnonThrottle, LoginThrottle, UserThrottle


def validated(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body's fields; raises ValidationError."""
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def user_id(request: Request) -> str:
    """The subject of the access token."""
    return str(request.user.pk)


def shown(key: ApiKey) -> dict[str, Any]:
    """A key on the wire: `prefix` is its beginning, for telling keys apart."""
    times = {name: getattr(key, name) for name in ("created_at", "expires_at", "last_used_at")}
    return {
        "id": str(key.pk),
        "name": key.name,
        "prefix": key.shown,
        **{name: timestamp(moment) for name, moment in times.items()},
    }


class PublicView(APIView):
    """A route without an access token: one that has expired must not keep anybody from it."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        """A wrong password is a 401 here; without this header DRF would make it a 403."""
        return "Bearer"


@described.register
class RegisterView(PublicView):
    """Registration."""

    def post(self, request: Request) -> Response:
        """Create an account and sign in."""
        user = services.account_register(**validated(RegistrationSerializer, request))
        pair = tokens.tokens_issue(user=user)
        body = RegisteredSerializer({"user": user, **asdict(pair)}).data
        return Response(body, status=status.HTTP_201_CREATED)


@described.sign_in
class TokenView(PublicView):
    """Signing in."""

    throttle_classes = (AnonThrottle, SignInThrottle)

    def post(self, request: Request) -> Response:
        """Exchange a username and password for a pair of tokens."""
        pair = tokens.sign_in(**validated(CredentialsSerializer, request))
        return Response(TokenPairSerializer(pair).data)


@described.refresh
class RefreshView(PublicView):
    """Staying signed in."""

    def post(self, request: Request) -> Response:
        """Exchange a refresh token for the next pair; the old one is spent."""
        body = validated(RefreshSerializer, request)
        pair = tokens.tokens_refresh(**body, key=idempotency_key(request))
        return Response(TokenPairSerializer(pair).data)


@described.verify
class VerifyView(PublicView):
    """Asking whether a token is good."""

    def post(self, request: Request) -> Response:
        """Answer `{}` for a good token of either kind."""
        tokens.token_verify(**validated(TokenSerializer, request))
        return Response({})


@described.logout
class LogoutView(PublicView):
    """Signing out; the refresh token is credential enough, for the access token may be gone."""

    def post(self, request: Request) -> Response:
        """Kill a refresh token."""
        if "HTTP_AUTHORIZATION" not in request.META and not request.data:
            raise NotAuthenticated
        tokens.sign_out(**validated(RefreshSerializer, request))
        return Response(status=status.HTTP_204_NO_CONTENT)


@described.me
class MeView(APIView):
    """One's own account."""

    permission_classes = (InPerson,)
    schema = described.BodyOnDelete()

    def get_throttles(self) -> list[BaseThrottle]:
        """Erasing asks for the password, so it counts as an attempt to guess it."""
        guessable = [LoginThrottle()] if self.request.method == "DELETE" else []
        return [*super().get_throttles(), *guessable]

    def get(self, request: Request) -> Response:
        """Show the profile."""
        return Response(UserSerializer(services.account_get(user_id=user_id(request))).data)

    def patch(self, request: Request) -> Response:
        """Change the username, the email address, or both."""
        changes = validated(ProfileChangesSerializer, request)
        user = services.account_update(user_id=user_id(request), **changes)
        return Response(UserSerializer(user).data)

    def delete(self, request: Request) -> Response:
        """Erase the account and everything in it."""
        body = validated(PasswordConfirmationSerializer, request)
        erasure.account_erase(user_id=user_id(request), clock=timezone.now, **body)
        return Response(status=status.HTTP_204_NO_CONTENT)


@described.export
class ExportView(APIView):
    """All of one's data, as a file."""

    permission_classes = (InPerson,)
    content_negotiation_class = AcceptIgnored

    def get(self, request: Request) -> StreamingHttpResponse:
        """Stream everything that is kept about the caller, as JSON lines."""
        exported = personal_data.own_export(user_id=user_id(request), now=timezone.now())
        return StreamingHttpResponse(
            records.writing.blocks(exported),
            content_type="application/x-ndjson",
            headers={
                "Content-Disposition": 'attachment; filename="personal-data.jsonl"',
                "Cache-Control": "no-store",
            },
        )


@described.password
class PasswordView(APIView):
    """One's own password."""

    permission_classes = (InPerson,)
    throttle_classes = (UserThrottle, LoginThrottle)

    def post(self, request: Request) -> Response:
        """Set a new password; every refresh token is dead from then on."""
        body = validated(PasswordChangeSerializer, request)
        services.password_change(user_id=user_id(request), **body)
        return Response(status=status.HTTP_204_NO_CONTENT)


@described.api_keys
class ApiKeysView(APIView):
    """One's own API keys."""

    permission_classes = (InPerson,)

    def get(self, request: Request) -> Response:
        """List them, without what opens anything."""
        keys = api_keys.keys_of(user_id=user_id(request))
        return Response({"results": [shown(key) for key in keys]})

    def post(self, request: Request) -> Response:
        """Make one; the answer is the only place where the whole key is ever shown."""
        body = {"expires_in_days": None, **validated(ApiKeyRequestSerializer, request)}
        made = api_keys.key_make(user_id=user_id(request), now=timezone.now(), **body)
        headers = {"Cache-Control": "no-store"}
        return Response({**shown(made.record), "key": made.key}, 201, headers=headers)


@described.api_key
class ApiKeyView(APIView):
    """One of one's own API keys."""

    permission_classes = (InPerson,)

    def delete(self, request: Request, key_id: str) -> Response:
        """End it: it is good for nothing from now on."""
        api_keys.key_delete(user_id=user_id(request), key_id=key_id)
        return Response(status=status.HTTP_204_NO_CONTENT)
