"""The bodies of the account routes."""

from functools import partial
from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework_simplejwt.serializers import (
    TokenBlacklistSerializer,
    TokenObtainPairSerializer,
    TokenRefreshSerializer,
    TokenVerifySerializer,
)
from rest_framework_simplejwt.settings import api_settings

from accounts import usernames
from accounts.credentials import passwords, sign_ins
from accounts.credentials.tokens import AccountRefreshToken, SignInReused, TokenSpent
from accounts.errors import TokenReused
from accounts.fields import EmailField, NewPasswordField, PasswordField, TokenField, UsernameField
from accounts.models import (
    DEVICE_MAX_CHARS,
    INSTRUCTIONS_MAX_CHARS,
    KEY_NAME_MAX_CHARS,
    ApiKey,
    User,
)
from sessions_app import clock
from sessions_app.api.authentication import SIGN_IN_CLAIM, TokenNotValid, access_token_user
from sessions_app.http.input import (
    RefusesUnknown,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    idempotency_key,
)


class UserSerializer(serializers.Serializer[User]):
    """A user's profile."""

    id = serializers.UUIDField(read_only=True)
    username = serializers.CharField(read_only=True)
    email = EmailField(read_only=True)
    email_confirmed = serializers.BooleanField(read_only=True)
    instructions = serializers.CharField(read_only=True)
    is_staff = serializers.BooleanField(read_only=True)


class RegistrationSerializer(RefusesUnknown):
    """A new account."""

    username = UsernameField()
    password = NewPasswordField()
    email = EmailField(required=False)
    invitation = StrictCharField(max_length=200, required=False, allow_blank=True)

    def validate_password(self, value: str) -> str:
        # One of the rules compares the password with the name and the email address.
        profile = {name: self._text(name) for name in ("username", "email")}
        if problems := passwords.problems(password=value, user=User(**profile)):
            raise serializers.ValidationError(problems)
        return value

    def _text(self, name: str) -> str:
        # The field beside this one may not be valid, and is not validated yet.
        value = self.initial_data.get(name)
        return value[: usernames.MAX_TYPED_CHARS] if isinstance(value, str) else ""


def device_of(request: Request) -> str:
    """What a client says of itself, for its user to tell devices apart."""
    agent = request.headers.get("User-Agent", "")
    return "".join(filter(str.isprintable, agent))[:DEVICE_MAX_CHARS]


class SignInSerializer(RefusesUnknown, TokenObtainPairSerializer):
    """A username, in any casing, and its password."""

    token_class = AccountRefreshToken
    # One message for an unknown user, a wrong password and an inactive user. Django hashes a
    # password for each of them, so the response time tells nothing either.
    default_error_messages = {"no_active_account": "Wrong username or password."}

    def get_token(self, user: User) -> AccountRefreshToken:  # type: ignore[override]
        """The first token of a new sign-in, which remembers what device it is."""
        return AccountRefreshToken.for_user(user, device_of(self.context["request"]))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = StrictCharField(max_length=usernames.MAX_TYPED_CHARS)
        self.fields["password"] = PasswordField()


class RefreshSerializer(RefusesUnknown, TokenRefreshSerializer):
    """A refresh token to exchange; the request's `Idempotency-Key` makes it safe to repeat."""

    refresh = TokenField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """The new pair; raises TokenError, or TokenReused, which ends the sign-in."""
        key = idempotency_key(self.context["request"])
        self.token_class = partial(AccountRefreshToken, key=key)  # type: ignore[assignment]
        try:
            with transaction.atomic():
                return super().validate(attrs)
        except TokenSpent as error:
            # After the transaction, which has been undone: the end has to stay.
            sign_ins.end_reused(sign_in_id=error.sign_in_id, now=clock.now())
            raise TokenReused from error
        except SignInReused as error:
            raise TokenReused from error


class SignOutSerializer(RefusesUnknown, TokenBlacklistSerializer):
    """A refresh token to spend."""

    refresh = TokenField(write_only=True)
    token_class = AccountRefreshToken

    @transaction.atomic
    def validate(self, attrs: dict[str, Any]) -> dict[Any, Any]:
        """An empty object; raises TokenError, also for a token that is spent already."""
        refresh = AccountRefreshToken(attrs["refresh"])
        refresh.blacklist()
        sign_ins.end_own(
            user_id=str(refresh[api_settings.USER_ID_CLAIM]),
            sign_in_id=str(refresh[SIGN_IN_CLAIM]),
            now=clock.now(),
        )
        return {}


class VerifySerializer(RefusesUnknown, TokenVerifySerializer):
    """A token of either kind, ours or of the identity provider."""

    token = TokenField(write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[Any, Any]:
        """An empty object if the token is valid; raises TokenError."""
        try:
            access_token_user(attrs["token"])
        except TokenNotValid:
            AccountRefreshToken(attrs["token"])
        return {}


class TokenPairSerializer(serializers.Serializer[Any]):
    """An access token and its refresh token."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class RegisteredSerializer(TokenPairSerializer):
    """The new user, signed in."""

    user = UserSerializer(read_only=True)


class ProfileChangesSerializer(RefusesUnknown):
    """What users may change about themselves."""

    username = UsernameField(required=False)
    email = EmailField(required=False)
    instructions = StrictCharField(
        max_length=INSTRUCTIONS_MAX_CHARS, required=False, allow_blank=True
    )


class PasswordConfirmationSerializer(RefusesUnknown):
    """The password again, before an action that cannot be undone."""

    password = PasswordField()


class EmailRequestSerializer(RefusesUnknown):
    """The address of an account, for a link to set its password."""

    email = EmailField()


class PasswordChangeSerializer(RefusesUnknown):
    """The current password and the new one."""

    current_password = PasswordField()
    new_password = NewPasswordField()


class ApiKeyRequestSerializer(RefusesUnknown):
    """A new API key; it may outlive the sign-in, so it asks for the password again.

    With `require_session`, model calls of `/v1` that name no session are refused.
    """

    password = PasswordField()
    name = StrictCharField(max_length=KEY_NAME_MAX_CHARS)
    expires_in_days = StrictIntegerField(
        min_value=1, max_value=3_650, required=False, allow_null=True
    )
    require_session = StrictBooleanField(required=False)


class ApiKeySerializer(serializers.Serializer[ApiKey]):
    """An API key; `prefix` is its beginning, to tell keys apart."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    prefix = serializers.CharField(read_only=True)
    require_session = serializers.BooleanField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)


class MadeApiKeySerializer(ApiKeySerializer):
    """A new API key with its secret, which is shown this once."""

    key = serializers.CharField(read_only=True)


class ApiKeysSerializer(serializers.Serializer[Any]):
    """All of a user's keys."""

    results = ApiKeySerializer(many=True)


class ReadSerializer(serializers.Serializer[Any]):
    """One time that staff read a session; who it was, only the operator knows."""

    at = serializers.DateTimeField(read_only=True)
    session_id = serializers.CharField(read_only=True, allow_null=True)
    what = serializers.CharField(read_only=True)
    reason = serializers.CharField(read_only=True, allow_null=True)


class ReadsSerializer(serializers.Serializer[Any]):
    """The newest times that staff read the user's sessions."""

    results = ReadSerializer(many=True)


class SignInDeviceSerializer(serializers.Serializer[Any]):
    """A signed-in device; `device` is what it says of itself."""

    id = serializers.UUIDField(read_only=True)
    device = serializers.CharField(read_only=True)
    started_at = serializers.DateTimeField(read_only=True)
    used_at = serializers.DateTimeField(read_only=True)
    is_current = serializers.BooleanField(read_only=True)


class SignInsSerializer(serializers.Serializer[Any]):
    """All of a user's signed-in devices."""

    results = SignInDeviceSerializer(many=True)
