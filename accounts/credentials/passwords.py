"""The rules for new passwords."""

from typing import cast

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from rest_framework.exceptions import ErrorDetail
from rest_framework.fields import get_error_detail

from accounts.models import User

# Far above any passphrase; a bound, because hashing costs time for each character.
MAX_CHARS = 1_024
# As AUTH_PASSWORD_VALIDATORS has it.
MIN_CHARS = 10


def problems(*, password: str, user: User) -> list[ErrorDetail]:
    """Errors of AUTH_PASSWORD_VALIDATORS for this password; empty if it is accepted."""
    try:
        validate_password(password, user)
    except ValidationError as error:
        # A list, for an error that was not raised with a dictionary.
        return cast(list[ErrorDetail], get_error_detail(error))
    return []
