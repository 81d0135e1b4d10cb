"""Serializer fields of an account: strict types, nothing trimmed."""

from typing import Any

from django.core.validators import EmailValidator
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field

from accounts import usernames
from accounts.credentials import passwords
from sessions_app.api.authentication import MAX_TOKEN_CHARS
from sessions_app.http.input import StrictCharField


class UsernameField(StrictCharField):
    """A new username: normalised first, then validated."""

    default_validators = [
        usernames.allowed_characters,
        usernames.visible_letters,
        usernames.one_script_a_word,
    ]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=usernames.MAX_CHARS, trim_whitespace=False, **kwargs)

    def to_internal_value(self, data: Any) -> str:
        typed = super().to_internal_value(data)
        # One character can become 18 in NFKC: a huge body must not be normalised.
        if len(typed) > usernames.MAX_TYPED_CHARS:
            self.fail("max_length", max_length=self.max_length)
        return usernames.normalize(typed)


@extend_schema_field(OpenApiTypes.EMAIL)
class EmailField(StrictCharField):
    """An email address, or an empty string."""

    default_validators = [EmailValidator()]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=254, allow_blank=True, trim_whitespace=False, **kwargs)


@extend_schema_field(OpenApiTypes.PASSWORD)
class PasswordField(StrictCharField):
    """A password; white space is part of it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("write_only", True)
        # For the schema, too: a blank one is refused.
        super().__init__(
            min_length=1, max_length=passwords.MAX_CHARS, trim_whitespace=False, **kwargs
        )


@extend_schema_field(
    {"type": "string", "format": "password", "minLength": passwords.MIN_CHARS, "writeOnly": True}
)
class NewPasswordField(PasswordField):
    """A new password, to which the rules apply."""


class TokenField(StrictCharField):
    """A token. Whether it is valid is checked later, and answered with a 401 rather than a 400."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(min_length=1, max_length=MAX_TOKEN_CHARS, trim_whitespace=False, **kwargs)
