"""What is stored, how long it takes, and what goes wrong on the way."""

from prometheus_client import Counter, Histogram

from sessions_app.instruments.registry import own

_APPENDED = Counter(
    "chat_messages_appended", "Messages appended to sessions; repeats do not count.", registry=own
)
_APPEND_SECONDS = Histogram(
    "chat_append_seconds",
    "Seconds that storing messages took, with all attempts; without waiting for a thread.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=own,
)
_FAILED = Counter(
    "chat_store_errors", "Queries that failed at MongoDB, by kind.", ["kind"], registry=own
)
_RETRIED = Counter(
    "chat_store_retries",
    "Writes that were tried again: after another writer's, or while storage was away.",
    ["reason"],
    registry=own,
)
_LOST = Counter(
    "chat_leases_lost",
    "Turns and jobs that another process has taken over, or whose process was gone.",
    ["kind"],
    registry=own,
)
# From the start, so that a rate sees the first of them.
for _kind in ("unavailable", "damaged", "too_large", "other"):
    _FAILED.labels(_kind)
for _reason in ("contention", "unavailable"):
    _RETRIED.labels(_reason)
for _kind in ("turn", "job", "session"):
    _LOST.labels(_kind)


messages_appended = _APPENDED.inc
"""Counts messages that were stored; repeats by idempotency key do not count."""
appended_in = _APPEND_SECONDS.observe
"""Notes how many seconds an append took that was acknowledged."""


def store_failed(kind: str) -> None:
    """Count a query that failed: `unavailable`, `damaged`, `too_large` or `other`."""
    _FAILED.labels(kind).inc()


def store_retried(reason: str) -> None:
    """Count a further attempt: after `contention` with another writer, or while `unavailable`."""
    _RETRIED.labels(reason).inc()


def lease_lost(kind: str) -> None:
    """Count a lease that ran out under its process: of a `turn`, a `job`, or a `session`'s work."""
    _LOST.labels(kind).inc()
