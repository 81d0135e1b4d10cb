"""Rate limits: which caller a request is counted for, and against which rate."""

from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from sessions_app import clock
from sessions_app.services.throttling import caller_key, throttle_take

if TYPE_CHECKING:
    # DRF's views import the classes of this module, as the settings name them: importing them here
    # when the program runs would be a circle.
    from rest_framework.views import APIView

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


class RateThrottle(BaseThrottle):
    """Counts a caller's requests against one rate, over all workers."""

    scope: ClassVar[str]

    def caller(self, request: Request) -> str | None:
        """Who is counted; None when this throttle does not apply to the request."""
        raise NotImplementedError

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Whether the request may go on."""
        rate = settings.THROTTLE_RATES[self.scope]
        caller = self.caller(request)
        if rate is None or caller is None:
            return True
        count, period = rate.split("/")
        self._wait = throttle_take(
            key=caller_key(scope=self.scope, caller=caller),
            limit=int(count),
            period_seconds=_SECONDS[period[0]],
            now=clock.now(),
        )
        return self._wait is None

    def wait(self) -> float | None:
        """Seconds until the next request may succeed."""
        return None if self._wait is None else max(1.0, self._wait)


class AnonThrottle(RateThrottle):
    """Requests without a token, per address."""

    scope = "anon"

    def caller(self, request: Request) -> str | None:
        """The address."""
        return None if request.user else self.get_ident(request)


class UserThrottle(RateThrottle):
    """Requests with a token, per user."""

    scope = "user"

    def caller(self, request: Request) -> str | None:
        """The user's id."""
        return str(request.user.pk) if request.user else None


class LoginThrottle(RateThrottle):
    """Attempts at a password, per account and address, so that nobody can lock the owner out."""

    scope = "login"

    def caller(self, request: Request) -> str | None:
        """The account and the address."""
        data: Any = request.data
        named = data.get("username") if isinstance(data, dict) else None
        # `casefold`, as otherwise each casing of a name had attempts of its own.
        account = str(request.user.pk) if request.user else str(named).casefold()
        return f"{account} {self.get_ident(request)}"


class ChatThrottle(UserThrottle):
    """Model calls, per user."""

    scope = "chat"


class SearchThrottle(UserThrottle):
    """Searches, per user: each may take seconds of processor time."""

    scope = "search"
