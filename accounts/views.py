"""The account routes: validate, call a service, answer."""

from itertools import islice
from typing import Any

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from rest_framework import serializers, status
from rest_framework.exceptions import NotAuthenticated
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework_simplejwt.authentication import AUTH_HEADER_TYPES
from rest_framework_simplejwt.exceptions import InvalidToken
from rest_framework_simplejwt.settings import api_settings
from rest_framework_simplejwt.views import (
    TokenBlacklistView,
    TokenObtainPairView,
    TokenRefreshView,
    TokenVerifyView,
    TokenViewBase,
)

from accounts import schema as described
from accounts import services
from accounts.authentication import InPerson
from accounts.credentials import api_keys, attempts, password_reset, sign_ins
from accounts.credentials.tokens import AccountRefreshToken
from accounts.models import ApiKey, SignIn
from accounts.privacy import erasure, personal_data
from accounts.serializers import (
    ApiKeyRequestSerializer,
    EmailRequestSerializer,
    PasswordChangeSerializer,
    PasswordConfirmationSerializer,
    ProfileChangesSerializer,
    RegisteredSerializer,
    RegistrationSerializer,
    UserSerializer,
    device_of,
)
from accounts.throttles import AttemptThrottle, MailThrottle
from sessions_app import clock
from sessions_app.api.authentication import TokenNotValid
from sessions_app.api.negotiation import AcceptIgnored
from sessions_app.api.wire.messages import timestamp
from sessions_app.domain import records
from sessions_app.domain.limits import READS_SHOWN
from sessions_app.http.input import QueryView
from sessions_app.http.throttles import AnonThrottle, UserThrottle
from sessions_app.http.waiting import Waits, waits
from sessions_app.services.privacy import staff_reads


def validated(serializer: type[serializers.Serializer[Any]], request: Request) -> dict[str, Any]:
    """The body's fields; raises ValidationError."""
    body = serializer(data=request.data)
    body.is_valid(raise_exception=True)
    return dict(body.validated_data)


def user_id(request: Request) -> str:
    return str(request.user.pk)


def key_body(key: ApiKey) -> dict[str, Any]:
    """A key as the API shows it; `prefix` is its beginning, to tell keys apart."""
    times = {name: getattr(key, name) for name in ("created_at", "expires_at", "last_used_at")}
    return {
        "id": str(key.pk),
        "name": key.name,
        "prefix": key.shown,
        "require_session": key.require_session,
        **{name: timestamp(moment) for name, moment in times.items()},
    }


class TokenView(TokenViewBase, QueryView):
    """SimpleJWT's view, with this API's one error for every token that is not valid."""

    def get_authenticate_header(self, request: Request) -> str:
        return str(AUTH_HEADER_TYPES[0])

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            return super().post(request, *args, **kwargs)
        except InvalidToken as error:
            raise TokenNotValid from error


@waits(Waits.FOR_ACCOUNTS)
@described.register
class RegisterView(QueryView):
    # An expired access token, which clients send along, must not prevent it.
    authentication_classes = ()
    permission_classes = (AllowAny,)

    def post(self, request: Request) -> Response:
        """Create an account and sign in."""
        body = validated(RegistrationSerializer, request)
        services.registration_check(invitation=body.pop("invitation", ""))
        user = services.account_register(**body)
        refresh = AccountRefreshToken.for_user(user, device_of(request))
        pair = {"access": str(refresh.access_token), "refresh": str(refresh)}
        answer = RegisteredSerializer({"user": user, **pair}).data
        response = Response(answer, status=status.HTTP_201_CREATED)
        attempts.remember_device(response, request.COOKIES, user.username_key)
        return response


@waits(Waits.FOR_ACCOUNTS)
@described.sign_in
class SignInView(TokenView, TokenObtainPairView):
    """Exchanges a username and password for a pair of tokens."""

    throttle_classes = (AnonThrottle, AttemptThrottle)

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Sign in; the device is known from then on."""
        response = super().post(request, *args, **kwargs)
        data: Any = request.data
        account = attempts.account_of(data["username"])
        attempts.remember_device(response, request.COOKIES, account)
        return response


@waits(Waits.FOR_ACCOUNTS)
@described.refresh
class RefreshView(TokenView, TokenRefreshView):
    """Exchanges a refresh token for a new pair; the old refresh token is spent."""


@waits(Waits.FOR_ACCOUNTS)
@described.verify
class VerifyView(TokenView, TokenVerifyView):
    """Answers `{}` if the access or refresh token is valid."""


@waits(Waits.FOR_ACCOUNTS)
@described.logout
class SignOutView(TokenView, TokenBlacklistView):
    """Spends a refresh token. It is the credential: the access token may have expired."""

    def post(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Sign out."""
        if api_settings.AUTH_HEADER_NAME not in request.META and not request.data:
            raise NotAuthenticated
        super().post(request, *args, **kwargs)
        return Response(status=status.HTTP_204_NO_CONTENT)


@waits(Waits.FOR_ACCOUNTS)
@described.me
class MeView(QueryView):
    permission_classes = (InPerson,)
    schema = described.BodyOnDelete()

    def get_throttles(self) -> list[BaseThrottle]:
        # Erasing checks the password, so it could be used to guess it.
        password_throttle = [AttemptThrottle()] if self.request.method == "DELETE" else []
        return [*super().get_throttles(), *password_throttle]

    def get(self, request: Request) -> Response:
        """Show the profile."""
        return Response(UserSerializer(services.account_get(user_id=user_id(request))).data)

    def patch(self, request: Request) -> Response:
        """Change the username, the email address, the instructions for models, or some of them."""
        changes = validated(ProfileChangesSerializer, request)
        user = services.account_update(user_id=user_id(request), **changes)
        return Response(UserSerializer(user).data)

    def delete(self, request: Request) -> Response:
        """Erase the account and everything in it."""
        body = validated(PasswordConfirmationSerializer, request)
        erasure.account_erase(user_id=user_id(request), clock=clock.now, **body)
        return Response(status=status.HTTP_204_NO_CONTENT)


@waits(Waits.FOR_ACCOUNTS)
@described.export
class ExportView(QueryView):
    permission_classes = (InPerson,)
    content_negotiation_class = AcceptIgnored

    def get(self, request: Request) -> StreamingHttpResponse:
        """Stream everything that is stored about the caller, as JSON lines."""
        exported = personal_data.own_export(user_id=user_id(request), now=clock.now())
        return StreamingHttpResponse(
            records.writing.blocks(exported),
            content_type="application/x-ndjson",
            headers={
                "Content-Disposition": 'attachment; filename="personal-data.jsonl"',
                "Cache-Control": "no-store",
            },
        )


@waits(Waits.FOR_ACCOUNTS)
@described.password
class PasswordView(QueryView):
    permission_classes = (InPerson,)
    throttle_classes = (UserThrottle, AttemptThrottle)

    def post(self, request: Request) -> Response:
        """Set a new password, which ends every sign-in and API key."""
        body = validated(PasswordChangeSerializer, request)
        services.password_change(user_id=user_id(request), **body)
        return Response(status=status.HTTP_204_NO_CONTENT)


@waits(Waits.FOR_ACCOUNTS)
@described.api_keys
class ApiKeysView(QueryView):
    permission_classes = (InPerson,)

    def get_throttles(self) -> list[BaseThrottle]:
        # Making a key checks the password, so it could be used to guess it.
        password_throttle = [AttemptThrottle()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *password_throttle]

    def get(self, request: Request) -> Response:
        """List your API keys, without secrets."""
        keys = api_keys.keys_list(user_id=user_id(request))
        return Response({"results": [key_body(key) for key in keys]})

    def post(self, request: Request) -> Response:
        """Make an API key; only this answer shows the whole key."""
        body = {"expires_in_days": None, **validated(ApiKeyRequestSerializer, request)}
        new_key = api_keys.key_make(user_id=user_id(request), now=clock.now(), **body)
        headers = {"Cache-Control": "no-store"}
        return Response({**key_body(new_key.stored_key), "key": new_key.key}, 201, headers=headers)


@waits(Waits.FOR_ACCOUNTS)
@described.api_key
class ApiKeyView(QueryView):
    permission_classes = (InPerson,)

    def delete(self, request: Request, key_id: str) -> Response:
        """Delete an API key; it stops working at once."""
        api_keys.key_delete(user_id=user_id(request), key_id=key_id)
        return Response(status=status.HTTP_204_NO_CONTENT)


@waits(Waits.FOR_ACCOUNTS)
@described.reads
class ReadsView(QueryView):
    permission_classes = (InPerson,)

    def get(self, request: Request) -> Response:
        """List when staff have read your sessions, and why; newest first."""
        newest = islice(staff_reads(user_id(request)), READS_SHOWN)
        results = [
            {
                "at": timestamp(read["at"]),
                "session_id": read["session_id"] or None,
                "what": read["what"],
                "reason": read["reason"],
            }
            for read in newest
        ]
        return Response({"results": results})


def sign_in_body(sign_in: SignIn, request: Request) -> dict[str, Any]:
    """A signed-in device as the API shows it."""
    return {
        "id": str(sign_in.pk),
        "device": sign_in.device,
        "started_at": timestamp(sign_in.started_at),
        "used_at": timestamp(sign_in.used_at),
        "is_current": str(sign_in.pk) == getattr(request.user, "sign_in", ""),
    }


@waits(Waits.FOR_ACCOUNTS)
@described.sign_ins
class SignInsView(QueryView):
    permission_classes = (InPerson,)

    def get(self, request: Request) -> Response:
        """List the devices on which you are signed in."""
        devices = sign_ins.live(user_id=user_id(request), now=clock.now())
        return Response({"results": [sign_in_body(each, request) for each in devices]})


@waits(Waits.FOR_ACCOUNTS)
@described.sign_in_one
class SignInDeviceView(QueryView):
    permission_classes = (InPerson,)

    def delete(self, request: Request, sign_in_id: str) -> Response:
        """Sign a device out; its tokens stop working at once."""
        sign_ins.end_own(user_id=user_id(request), sign_in_id=sign_in_id, now=clock.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


@waits(Waits.FOR_ACCOUNTS)
@described.password_reset
class PasswordResetView(QueryView):
    authentication_classes = ()
    permission_classes = (AllowAny,)
    throttle_classes = (AnonThrottle, MailThrottle)

    def post(self, request: Request) -> Response:
        """Mail a link to set a new password, if an account has this address."""
        password_reset.reset_request(email=validated(EmailRequestSerializer, request)["email"])
        return Response(status=status.HTTP_204_NO_CONTENT)


@waits(Waits.FOR_ACCOUNTS)
@described.email_confirmation
class EmailConfirmationView(QueryView):
    permission_classes = (InPerson,)
    throttle_classes = (UserThrottle, MailThrottle)

    def post(self, request: Request) -> Response:
        """Mail a link that confirms your address."""
        password_reset.confirmation_send(user_id=user_id(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


_CONFIRMED = ("Address confirmed", "Thank you: this email address is yours.")
_NOT_CONFIRMED = (
    "Address not confirmed",
    "This link has been used before, or has expired. Ask for a new one.",
)


@waits(Waits.FOR_ACCOUNTS)
def confirm_address(_: HttpRequest, uidb64: str, token: str) -> HttpResponse:
    """The page that a link to confirm an address opens."""
    confirmed = password_reset.address_confirm(uidb64=uidb64, token=token)
    title, advice = _CONFIRMED if confirmed else _NOT_CONFIRMED
    context = {"title": title, "advice": advice, "home": "/", "home_label": "Go to the chats"}
    page = render_to_string("web/notice.html", context)
    return HttpResponse(page, status=200 if confirmed else 400)
