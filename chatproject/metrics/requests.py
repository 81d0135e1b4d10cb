"""The middleware that counts and times requests."""

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from chatproject.logs import access_log
from chatproject.metrics.labels import STATIC, method_label, route_label
from sessions_app import instruments

# In a request's environment: when it came, by `time.monotonic`, before it waited for anything.
ARRIVED_KEY = "chat_sessions.arrived"

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def counting(get_response: GetResponse) -> GetResponse:
    """The outermost middleware but one: counts and times requests by route, method and status."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        arrived = request.META.get(ARRIVED_KEY) or time.monotonic()
        response = get_response(request)
        match = request.resolver_match
        route = match.route if match else STATIC if _is_static(request) else None
        seconds = time.monotonic() - arrived
        count(route, request.method or "", response.status_code, seconds)
        access_log.answered(
            request,
            response,
            route=route_label(route),
            method=method_label(request.method),
            seconds=seconds,
        )
        return response

    return answer


def count(route: str | None, method: str, status: int, seconds: float) -> None:
    """Count an answered request, by its route as it is declared; None where it has none."""
    instruments.request_answered(route_label(route), method_label(method), status, seconds)


def _is_static(request: HttpRequest) -> bool:
    return request.path_info.startswith(settings.STATIC_URL)
