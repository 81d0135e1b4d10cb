"""The error bodies that the account routes answer with, whole."""

from typing import Any


def failed(code: str, detail: str) -> dict[str, Any]:
    """A client error that is about no field."""
    return {"type": "client_error", "errors": [{"code": code, "detail": detail, "attr": None}]}


def invalid(attr: str, code: str, detail: str) -> dict[str, Any]:
    """One field that is wrong."""
    return {"type": "validation_error", "errors": [{"code": code, "detail": detail, "attr": attr}]}


NOT_AUTHENTICATED = failed("not_authenticated", "Authentication credentials were not provided.")
TOKEN_NOT_VALID = failed(
    "token_not_valid", "The token is not valid: malformed, expired, spent or of the wrong kind."
)
SIGN_IN_FAILED = failed("no_active_account", "No active account has this username and password.")
NO_ACCOUNT = failed("not_found", "No such account.")
TAKEN = invalid("username", "unique", "A user with that username already exists.")


def required(attr: str) -> dict[str, Any]:
    """A field that must be there and is not."""
    return invalid(attr, "required", "This field is required.")


def wrong_password(attr: str) -> dict[str, Any]:
    """The signed-in user's password is another one."""
    return invalid(attr, "wrong_password", "The password is wrong.")
