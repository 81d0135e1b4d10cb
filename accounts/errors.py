"""What can go wrong with an account, beside the project's own tree.

InvalidInput (sessions_app.domain.errors)
├── UsernameTaken      another user has that name, in some casing           400
├── WrongPassword      the password does not match; names the field         400
└── TooManyKeys        somebody makes API keys without end                  400
AuthenticationFailed (Django REST framework)
└── TokenNotValid      in sessions_app.api.authentication                   401
NotFound (Django REST framework)
├── AccountNotFound    the token's subject has no account here              404
└── KeyNotFound        the user has no such API key                         404
"""

from rest_framework.exceptions import NotFound

from sessions_app.domain.errors import InvalidInput


class UsernameTaken(InvalidInput):
    """Another user has that name, in this or another casing."""

    code = "unique"
    default_detail = "A user with that username already exists."

    def __init__(self) -> None:
        super().__init__(attr="username")


class WrongPassword(InvalidInput):
    """The signed-in user's password is another one; `attr` names the field."""

    code = "wrong_password"
    default_detail = "The password is wrong."


class TooManyKeys(InvalidInput):
    """The user has as many API keys as one may have."""

    code = "too_many_keys"
    default_detail = "You have as many API keys as one may have; delete some."


class AccountNotFound(NotFound):
    """The signed-in subject has no account here: erased, or known to the identity provider only."""

    default_detail = "No such account."


class KeyNotFound(NotFound):
    """The user has no such API key; somebody else may."""

    default_detail = "No such API key."
