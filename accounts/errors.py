"""Errors of the account routes, beside the tree in `sessions_app.domain.errors`.

InvalidInput (sessions_app.domain.errors)
├── UsernameTaken      another user has this name, in any casing            400
├── UsernameLooksAlike another user's name looks the same                  400
├── WrongPassword      the password does not match; names the field         400
└── TooManyKeys        the user has the maximum number of API keys          400
AuthenticationFailed (Django REST framework)
├── TokenNotValid      in sessions_app.api.authentication                   401
└── TokenReused        a spent refresh token was shown again                401
PermissionDenied (Django REST framework)
├── RegistrationClosed nobody may register                                  403
└── InvitationNotValid whoever registers needs an invitation                403
NotFound (Django REST framework)
├── AccountNotFound    the token's subject has no account here              404
├── KeyNotFound        the user has no such API key                         404
└── SignInNotFound     the user has no such signed-in device                404
"""

from rest_framework.exceptions import AuthenticationFailed, NotFound, PermissionDenied

from sessions_app.domain.errors import InvalidInput


class UsernameTaken(InvalidInput):
    """Another user has this name, in any casing."""

    code = "unique"
    default_detail = "A user with that username already exists."

    def __init__(self) -> None:
        super().__init__(attr="username")


class UsernameLooksAlike(InvalidInput):
    """Another user has a name that looks the same, in other letters."""

    code = "look_alike"
    default_detail = "That username looks like another user's."

    def __init__(self) -> None:
        super().__init__(attr="username")


class WrongPassword(InvalidInput):
    """The password is not the signed-in user's; `attr` names the field."""

    code = "wrong_password"
    default_detail = "The password is wrong."


class TooManyKeys(InvalidInput):
    """The user has the maximum number of API keys."""

    code = "too_many_keys"
    default_detail = "Your quota of API keys is used up; delete one first."

    def __init__(self, limit: int) -> None:
        super().__init__(f"Your quota of {limit:,} API keys is used up; delete one first.")


class RegistrationClosed(PermissionDenied):
    """Nobody may register (`REGISTRATION=closed`)."""

    default_code = "registration_closed"
    default_detail = "Registration is closed here."


class InvitationNotValid(PermissionDenied):
    """Whoever registers needs an invitation (`REGISTRATION=invited`)."""

    default_code = "invitation_not_valid"
    default_detail = "You need an invitation to register."


class AccountNotFound(NotFound):
    """The token's subject has no account: erased, or known to the identity provider only."""

    default_detail = "No such account."


class KeyNotFound(NotFound):
    """The user has no such API key, though another user may."""

    default_detail = "No such API key."


class SignInNotFound(NotFound):
    """The user has no such signed-in device, though another user may."""

    default_detail = "No such signed-in device."


class TokenReused(AuthenticationFailed):
    """A spent refresh token was shown again, which ends the sign-in that it comes from."""

    default_detail = (
        "This sign-in has ended, because one of its refresh tokens was used twice. Sign in again; "
        "if it was not you, change your password."
    )
    default_code = "token_reused"
