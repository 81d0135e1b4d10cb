"""The metrics of this process: requests and their durations, queues, appended messages, turns.

With PROMETHEUS_MULTIPROC_DIR set, as `serve` sets it, each worker counts in a file of its own, and
the worker that answers a scrape adds all of them up. No label names a user or a session: that would
be personal data, and too many series.
"""

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, multiprocess

# Not the global registry, which has metrics of the process as well.
_own = CollectorRegistry()

_REQUESTS = Counter(
    "chat_http_requests",
    "Requests answered, by route, method and status.",
    ["route", "method", "status"],
    registry=_own,
)
# Up to the minutes that a model call may take.
_SECONDS = Histogram(
    "chat_http_request_seconds",
    "Seconds from a request's arrival to its answer, or to the beginning of a streamed one.",
    ["route", "method"],
    buckets=(0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
    registry=_own,
)
_APPENDED = Counter(
    "chat_messages_appended", "Messages appended to sessions; repeats do not count.", registry=_own
)
_TURNS = Counter("chat_turns", "Turns that have ended, by how.", ["state"], registry=_own)

_REFUSED = Counter(
    "chat_requests_refused",
    "Requests that were not begun, by queue and reason; gone: their clients had left.",
    ["queue", "reason"],
    registry=_own,
)
_WAITING = Gauge(
    "chat_queue_waiting",
    "Requests that wait for a thread, by queue.",
    ["queue"],
    registry=_own,
    multiprocess_mode="livesum",
)
_RUNNING = Gauge(
    "chat_queue_running",
    "Requests that have a thread, by queue.",
    ["queue"],
    registry=_own,
    multiprocess_mode="livesum",
)
_OLDEST = Gauge(
    "chat_queue_oldest_seconds",
    "How long the request has waited that waits longest, by queue.",
    ["queue"],
    registry=_own,
    multiprocess_mode="livemax",
)

# Looking up a series by its labels takes the library longer than counting.
_series: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}


def request_answered(route: str, method: str, status: int, seconds: float) -> None:
    """Count an answered request; `route` is the template, never the path, which has ids."""
    key = (route, method, status)
    series = _series.get(key)
    if series is None:
        requests = _REQUESTS.labels(route, method, str(status))
        series = _series[key] = (requests, _SECONDS.labels(route, method))
    series[0].inc()
    series[1].observe(seconds)


def messages_appended(number: int) -> None:
    """Count messages that were stored; repeats by idempotency key do not count."""
    _APPENDED.inc(number)


def turn_ended(state: str) -> None:
    """Count a turn that was recorded as ended."""
    _TURNS.labels(state).inc()


def request_refused(queue: str, reason: str) -> None:
    """Count a request that was not begun."""
    _REFUSED.labels(queue, reason).inc()


def queue_measured(queue: str, *, waiting: int, running: int, oldest_seconds: float) -> None:
    """Say how a queue of this process is doing."""
    _WAITING.labels(queue).set(waiting)
    _RUNNING.labels(queue).set(running)
    _OLDEST.labels(queue).set(oldest_seconds)


def registry() -> CollectorRegistry:
    """The metrics of all workers, where they share a directory; else of this process."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return _own
    shared = CollectorRegistry()
    multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    return shared
