"""The rate limit of sign-in attempts."""

from typing import Any

from rest_framework.request import Request

from accounts import usernames
from sessions_app.http.throttles import LoginThrottle


class SignInThrottle(LoginThrottle):
    """Counts attempts per account, however the username is spelled.

    Casings and character widths spell "alice" in more than 3 ** 5 ways; each spelling would
    otherwise have a limit of its own.
    """

    def caller(self, request: Request) -> str:
        data: Any = request.data
        typed = data.get("username") if isinstance(data, dict) else None
        name = typed[: usernames.MAX_TYPED_CHARS] if isinstance(typed, str) else ""
        return f"{usernames.key(name)} {self.get_ident(request)}"
