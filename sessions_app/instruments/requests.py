"""Requests and their durations, the queues that they wait in, and what was refused.

Routes are bounded: what comes after the last series counts as the route `other`.
"""

from prometheus_client import Counter, Gauge, Histogram

from sessions_app.instruments.registry import own

_REQUESTS = Counter(
    "chat_http_requests",
    "Requests answered, by route, method and status.",
    ["route", "method", "status"],
    registry=own,
)
# Up to the minutes that a model call may take.
_SECONDS = Histogram(
    "chat_http_request_seconds",
    "Seconds from a request's arrival to its answer, or to the beginning of a streamed one.",
    ["route", "method"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=own,
)
_REFUSED = Counter(
    "chat_requests_refused",
    "Requests that were not begun, by queue and reason; gone: their clients had left.",
    ["queue", "reason"],
    registry=own,
)
_WAITING = Gauge(
    "chat_queue_waiting",
    "Requests that wait for a thread, by queue.",
    ["queue"],
    registry=own,
    multiprocess_mode="livesum",
)
_RUNNING = Gauge(
    "chat_queue_running",
    "Requests that have a thread, by queue.",
    ["queue"],
    registry=own,
    multiprocess_mode="livesum",
)
_OLDEST = Gauge(
    "chat_queue_oldest_seconds",
    "How long the request has waited that waits longest, by queue.",
    ["queue"],
    registry=own,
    multiprocess_mode="livemax",
)
_QUOTA = Counter(
    "chat_quota_refusals",
    "Requests refused because their caller had used up a rate, by the rate's name.",
    ["scope"],
    registry=own,
)
# By route and method, a histogram each; and of these by status.
_MOST_HISTOGRAMS, _MOST_COUNTERS = 600, 1_500
_histograms: set[tuple[str, str]] = set()

# Looking up a series by its labels takes the library longer than counting.
_series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def request_answered(route: str, method: str, status: int, seconds: float) -> None:
    """Count an answered request; `route` is the template, never the path, which has ids."""
    key = (route, method, status)
    series = _series.get(key)
    if series is None:
        route = _within_bounds(route, method)
        requests = _REQUESTS.labels(route, method, str(status))
        series = _series[key] = (requests, _SECONDS.labels(route, method))
    series[0].inc()
    series[1].observe(seconds)


def _within_bounds(route: str, method: str) -> str:
    """The route, or `other` where there are as many series as there may be."""
    is_new = (route, method) not in _histograms
    if len(_series) >= _MOST_COUNTERS or (is_new and len(_histograms) >= _MOST_HISTOGRAMS):
        return "other"
    _histograms.add((route, method))
    return route


def request_refused(queue: str, reason: str) -> None:
    """Count a request that was not begun."""
    _REFUSED.labels(queue, reason).inc()


def quota_refused(scope: str) -> None:
    """Count a request over its caller's rate, or over its share of the model calls."""
    _QUOTA.labels(scope).inc()


def queue_measured(queue: str, *, waiting: int, running: int, oldest_seconds: float) -> None:
    """Say how a queue of this process is doing."""
    _WAITING.labels(queue).set(waiting)
    _RUNNING.labels(queue).set(running)
    _OLDEST.labels(queue).set(oldest_seconds)
