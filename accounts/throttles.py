"""Rate limits of attempts at a password."""

from typing import Any

from rest_framework.request import Request

from accounts import usernames
from sessions_app.http.throttles import LoginThrottle


class SignInThrottle(LoginThrottle):
    """Counts every spelling of a name as the account it signs in to.

    "alice" can be typed in 3 ** 5 ways and more (casings, widths); each would get its own count.
    """

    def caller(self, request: Request) -> str:
        """The account's key and the address."""
        data: Any = request.data
        typed = data.get("username") if isinstance(data, dict) else None
        name = typed[: usernames.MAX_TYPED_CHARS] if isinstance(typed, str) else ""
        return f"{usernames.key(name)} {self.get_ident(request)}"
