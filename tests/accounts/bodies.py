"""The error bodies that the account routes answer with, whole."""

from typing import Any

from tests.conftest import error

NOT_AUTHENTICATED = error("not_authenticated", "Authentication credentials were not provided.")
TOKEN_REUSED = error(
    "token_reused",
    "This sign-in has ended, because one of its refresh tokens was used twice. Sign in again; "
    "if it was not you, change your password.",
)
TOKEN_NOT_VALID = error(
    "token_not_valid", "The token is not valid: malformed, expired, spent or of the wrong kind."
)
SIGN_IN_FAILED = error("no_active_account", "Wrong username or password.")
NO_ACCOUNT = error("not_found", "No such account.")
TAKEN = error("unique", "A user with that username already exists.", "username")


def required(attr: str) -> dict[str, Any]:
    """A field that must be there and is not."""
    return error("required", "This field is required.", attr)


def wrong_password(attr: str) -> dict[str, Any]:
    """The signed-in user's password is another one."""
    return error("wrong_password", "The password is wrong.", attr)
