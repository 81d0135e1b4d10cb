"""Rate limits: which caller a request is counted for, and against which rate."""

import ipaddress
from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from sessions_app import clock, instruments
from sessions_app.domain.applications import namespace
from sessions_app.http.applications import ServiceCredential
from sessions_app.services.throttling import caller_key, throttle_take

if TYPE_CHECKING:
    # DRF's views import the classes of this module, as the settings name them: importing them here
    # when the program runs would be a circle.
    from rest_framework.views import APIView

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}


# Whoever has an IPv6 address has at least so much of the network: 2**64 addresses.
_IPV6_PREFIX = 64


def network_of(address: str) -> str:
    """What an address counts as: an IPv4 address as itself, an IPv6 address as its /64."""
    try:
        parsed = ipaddress.ip_address(address.strip().strip("[]").partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, _IPV6_PREFIX), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def rate_take(scope: str, caller: str) -> float | None:
    """Count one request of a caller; seconds to wait when there were too many, else None."""
    rate = settings.THROTTLE_RATES.get(scope)
    if rate is None:
        return None
    count, period = rate.split("/")
    return _taken(scope, caller, limit=int(count), seconds=_SECONDS[period[0]])


def _taken(scope: str, caller: str, *, limit: int, seconds: int) -> float | None:
    wait = throttle_take(
        key=caller_key(scope=scope, caller=caller),
        limit=limit,
        period_seconds=seconds,
        now=clock.now(),
    )
    if wait is not None:
        instruments.quota_refused(scope)
    return wait


class RateThrottle(BaseThrottle):
    """Counts a caller's requests against one rate, over all workers."""

    scope: ClassVar[str]

    def caller(self, request: Request) -> str | None:
        """Who is counted; None when this throttle does not apply to the request."""
        raise NotImplementedError

    def get_ident(self, request: Request) -> str:
        """The network that a request comes from."""
        return network_of(super().get_ident(request) or "")

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Whether the request may go on."""
        caller = self.caller(request)
        self._wait = None if caller is None else rate_take(self.scope, caller)
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


class ApplicationThrottle(RateThrottle):
    """Requests with an application's service keys, for all its users together."""

    scope = "application"

    def caller(self, request: Request) -> str | None:
        """The application's namespace."""
        credential = request.auth
        return (
            namespace(credential.application_id)
            if isinstance(credential, ServiceCredential)
            else None
        )

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Whether the request may go on, by the application's own rate where it has one."""
        own = getattr(request.auth, "requests_a_minute", 0)
        caller = self.caller(request)
        if caller is None or not own:
            return super().allow_request(request, view)
        self._wait = _taken(self.scope, caller, limit=own, seconds=_SECONDS["m"])
        return self._wait is None


class ChatThrottle(UserThrottle):
    """Model calls, per user."""

    scope = "chat"


class SearchThrottle(UserThrottle):
    """Searches, per user: each may take seconds of processor time."""

    scope = "search"
