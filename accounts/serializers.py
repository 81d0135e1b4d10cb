"""The bodies of the account routes."""

from functools import partial
from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework_simplejwt.serializers import (
    TokenBlacklistSerializer,
    TokenObtainPairSerializer,
    TokenRefreshSerializer,
    TokenVerifySerializer,
)

from accounts import passwords, usernames
from accounts.fields import EmailField, PasswordField, TokenField, UsernameField
from accounts.models import KEY_NAME_MAX_CHARS, ApiKey, User
from accounts.tokens import AccountRefreshToken
from sessions_app.api.authentication import TokenNotValid, access_token_user
from sessions_app.http.input import StrictCharField, StrictIntegerField, idempotency_key


class UserSerializer(serializers.Serializer[User]):
    """A user on the wire."""

    id = serializers.UUIDField(read_only=True)
    username = serializers.CharField(read_only=True)
    email = serializers.EmailField(read_only=True)
    is_staff = serializers.BooleanField(read_only=True)


class RegistrationSerializer(serializers.Serializer[Any]):
    """Who wants an account."""

    username = UsernameField()
    password = PasswordField()
    email = EmailField(required=False)

    def validate_password(self, value: str) -> str:
        """Hold the password to the rules, one of which is that it is not the name over again."""
        claimed = {name: self._text(name) for name in ("username", "email")}
        if found := passwords.problems(password=value, user=User(**claimed)):
            raise serializers.ValidationError(found)
        return value

    def _text(self, name: str) -> str:
        # The field beside this one may not be valid, and is not validated yet.
        value = self.initial_data.get(name)
        return value[: usernames.MAX_TYPED_CHARS] if isinstance(value, str) else ""


class SignInSerializer(TokenObtainPairSerializer):
    """A name, in any casing, and its password."""

    token_class = AccountRefreshToken
    # For an unknown user, a wrong password and an inactive user alike. Django hashes one password
    # for each of them, so the time tells nothing either.
    default_error_messages = {
        "no_active_account": "No active account has this username and password."
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"] = StrictCharField(max_length=usernames.MAX_TYPED_CHARS)
        self.fields["password"] = PasswordField()


class RefreshSerializer(TokenRefreshSerializer):
    """A refresh token to exchange, under the request's `Idempotency-Key` if it has one."""

    refresh = TokenField()

    @transaction.atomic
    def validate(self, attrs: dict[str, Any]) -> dict[str, str]:
        """The next pair; raises TokenError."""
        key = idempotency_key(self.context["request"])
        self.token_class = partial(AccountRefreshToken, key=key)  # type: ignore[assignment]
        return super().validate(attrs)


class SignOutSerializer(TokenBlacklistSerializer):
    """A refresh token to spend without a next one."""

    refresh = TokenField(write_only=True)
    token_class = AccountRefreshToken

    @transaction.atomic
    def validate(self, attrs: dict[str, Any]) -> dict[Any, Any]:
        """Nothing; raises TokenError, also for a token that is spent already."""
        return super().validate(attrs)


class VerifySerializer(TokenVerifySerializer):
    """A token of either kind, ours or of the identity provider."""

    token = TokenField(write_only=True)

    def validate(self, attrs: dict[str, Any]) -> dict[Any, Any]:
        """Nothing, for an access token or an unspent refresh token that is good; or TokenError."""
        try:
            access_token_user(attrs["token"])
        except TokenNotValid:
            AccountRefreshToken(attrs["token"])
        return {}


class TokenPairSerializer(serializers.Serializer[Any]):
    """What signing in gives."""

    access = serializers.CharField(read_only=True)
    refresh = serializers.CharField(read_only=True)


class RegisteredSerializer(TokenPairSerializer):
    """What registering gives: the new user, signed in."""

    user = UserSerializer(read_only=True)


class ProfileChangesSerializer(serializers.Serializer[Any]):
    """What a user may change of themselves; anything else in the body is passed over."""

    username = UsernameField(required=False)
    email = EmailField(required=False)


class PasswordConfirmationSerializer(serializers.Serializer[Any]):
    """The password once more, before something that cannot be taken back."""

    password = PasswordField()


class PasswordChangeSerializer(serializers.Serializer[Any]):
    """The password of today and the one from now on."""

    current_password = PasswordField()
    new_password = PasswordField()


class ApiKeyRequestSerializer(serializers.Serializer[Any]):
    """A key that is wanted."""

    name = StrictCharField(max_length=KEY_NAME_MAX_CHARS)
    expires_in_days = StrictIntegerField(
        min_value=1, max_value=3_650, required=False, allow_null=True
    )


class ApiKeySerializer(serializers.Serializer[ApiKey]):
    """A key on the wire: `prefix` is its beginning; the whole of it is shown once."""

    id = serializers.UUIDField(read_only=True)
    name = serializers.CharField(read_only=True)
    prefix = serializers.CharField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    expires_at = serializers.DateTimeField(read_only=True, allow_null=True)
    last_used_at = serializers.DateTimeField(read_only=True, allow_null=True)


class MadeApiKeySerializer(ApiKeySerializer):
    """A new key, with the key itself."""

    key = serializers.CharField(read_only=True)


class ApiKeysSerializer(serializers.Serializer[Any]):
    """All of a user's keys."""

    results = ApiKeySerializer(many=True)
