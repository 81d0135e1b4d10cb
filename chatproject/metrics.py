"""`GET /metrics` for Prometheus, and the middleware that counts requests for it."""

import ipaddress
import platform
import re
import time
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from http import HTTPStatus

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.crypto import constant_time_compare
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from chatproject import job_metrics
from chatproject.logs import access_log
from chatproject.storage import disk
from sessions_app import clock, encoders, instruments
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.http.error_body import error_body
from sessions_app.http.waiting import Waits, waits
from sessions_app.repository import deferred, health
from sessions_app.services.figures import figures_get

VERSION = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
_MONGODB_MS = 1_000
_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"})
_FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP", "HTTP_VIA")

# In a request's environment: when it came, by `time.monotonic`, before it waited for anything.
ARRIVED_KEY = "chat_sessions.arrived"

GetResponse = Callable[[HttpRequest], HttpResponseBase]


def counting(get_response: GetResponse) -> GetResponse:
    """The outermost middleware but one: counts and times requests by route, method and status."""

    def answer(request: HttpRequest) -> HttpResponseBase:
        arrived = request.META.get(ARRIVED_KEY) or time.monotonic()
        response = get_response(request)
        match = request.resolver_match
        route = match.route if match else _STATIC if _is_static(request) else None
        seconds = time.monotonic() - arrived
        count(route, request.method or "", response.status_code, seconds)
        access_log.answered(
            request, response, route=label(route), method=known(request.method), seconds=seconds
        )
        return response

    return answer


def count(route: str | None, method: str, status: int, seconds: float) -> None:
    """Count an answered request, by its route as it is declared; None where it has none."""
    instruments.request_answered(label(route), known(method), status, seconds)


def label(route: str | None) -> str:
    """A route as series and the log name it."""
    return "unmatched" if route is None else "static" if route == _STATIC else template(route)


def known(method: str | None) -> str:
    """The method; a client may send any, and each would make a new series."""
    return method if method in _METHODS else "other"


def _is_static(request: HttpRequest) -> bool:
    return request.path_info.startswith(settings.STATIC_URL)


# In place of a route: files have none.
_STATIC = "(static)"


_GROUP = re.compile(r"\(\?P<(\w+)>[^()]*\)|<(?:\w+:)?(\w+)>")


@cache
def template(route: str) -> str:
    """A route as the API description writes it: `/session/{session_id}/message`."""
    path = _GROUP.sub(lambda match: f"{{{match[1] or match[2]}}}", route)
    for noise in ("/?$", "^", "$", "\\Z", "\\"):
        path = path.replace(noise, "")
    return "/" + path.strip("/")


@waits(Waits.FOR_A_PROBE)
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """All metrics in Prometheus' text format."""
    if refusal := _refusal(request):
        return refusal
    gauges = CollectorRegistry()
    gauges.register(_Gauges())
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


class _Gauges(Collector):
    """Values of this moment, unlike the counters, which grow since the start."""

    def collect(self) -> Iterator[Metric]:
        build = GaugeMetricFamily(
            "chat_build_info", "What runs here.", labels=["version", "python"]
        )
        build.add_metric([VERSION, platform.python_version()], 1)
        yield build
        yield _gauge(
            "chat_clock_off_seconds",
            "By how much this host's clock is ahead of MongoDB's.",
            clock.off_by(),
        )
        yield _gauge(
            "chat_disk_free_bytes",
            "What is free on the disk of DATA_DIR.",
            disk.free(settings.DATA_DIR),
        )
        yield _gauge("chat_encoder_available", "Whether vectors can be made.", encoders.available())
        up = health.primary_is_up(_MONGODB_MS)
        if up:
            try:
                yield from _counted()
                yield from job_metrics.collect()
                yield _gauge(
                    "chat_deferred_pieces",
                    "Topics, indexes, titles and summaries that wait or are being made.",
                    deferred.count(),
                )
            except StorageUnavailable:
                up = False
        yield _gauge("chat_storage_up", "Whether a MongoDB primary answers.", up)


def _counted() -> Iterator[Metric]:
    counted = figures_get(now=clock.now())
    if counted is None:
        return
    values = counted.values
    sessions = GaugeMetricFamily("chat_sessions", "Sessions, by status.", labels=["status"])
    sessions.add_metric(["active"], max(0, values["sessions"] - values["archived"]))
    sessions.add_metric(["archived"], values["archived"])
    yield sessions
    for name, meaning, value in (
        ("chat_sessions_expired", "Expired, and not swept yet.", values["expired"]),
        ("chat_sessions_expiring_day", "Expire within a day.", values["expiring"]),
        ("chat_archives_past_retention", "To be purged.", values["past_retention"]),
        ("chat_turns_running", "Turns in progress.", values.get("turns_running", 0)),
        ("chat_last_sweep_seconds", "When a sweep last got through, Unix time; 0 for never.",
         values["last_sweep"]),
        ("chat_counted_seconds", "When these were counted, Unix time.",
         counted.counted_at.timestamp()),
    ):  # fmt: skip
        yield _gauge(name, meaning, value)


def _gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=float(value))
