"""`GET /metrics`: all metrics, for whom METRICS_TOKEN or this machine admits."""

import ipaddress
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from chatproject.metrics.gauges import Gauges
from sessions_app import instruments
from sessions_app.http.error_body import error_body
from sessions_app.http.waiting import Waits, waits

_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")


@waits(Waits.FOR_A_PROBE)
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format."""
    if refusal := _refusal(request):
        return refusal
    gauges = CollectorRegistry()
    gauges.register(Gauges())
    text = generate_latest(instruments.registry()) + generate_latest(gauges)
    return HttpResponse(text, content_type=CONTENT_TYPE_PLAIN_0_0_4)


def _refusal(request: HttpRequest) -> HttpResponse | None:
    token = settings.METRICS_TOKEN
    if token:
        authorization = request.headers.get("Authorization", "")
        # As bytes: the comparison refuses text that is not ASCII.
        if constant_time_compare(authorization.encode(), f"Bearer {token}".encode()):
            return None
        refused = _error(
            HTTPStatus.UNAUTHORIZED, "not_authenticated", "This needs the token of METRICS_TOKEN."
        )
        refused.headers["WWW-Authenticate"] = "Bearer"
        return refused
    if _is_local(request):
        return None
    return _error(
        HTTPStatus.FORBIDDEN,
        "permission_denied",
        "Without METRICS_TOKEN, metrics are for this machine only.",
    )


def _is_local(request: HttpRequest) -> bool:
    """Whether the client is on this machine, and not behind a proxy on it."""
    if settings.REST_FRAMEWORK["NUM_PROXIES"] or any(name in request.META for name in _FORWARDED):
        return False
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return bool((mapped or address).is_loopback)


def _error(status: HTTPStatus, code: str, detail: str) -> JsonResponse:
    return JsonResponse(error_body(status, code, detail), status=status)
