"""When a request is sent again, and after how long."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from chat_sessions_client.errors import ApiError, ChatSessionsError, TurnInProgress, Unreachable

# The service has done nothing of a request that it refused so.
_REFUSED_FOR_NOW = frozenset({
    "overloaded", "overtaken", "provider_busy", "search_in_progress", "storage_unavailable",
    "throttled", "too_many_own_turns", "too_many_turns", "turn_in_progress", "turn_interrupted",
    "proof_in_progress", "rate_limit_exceeded", "request_timeout",
})  # fmt: skip
# Sent by proxies, without a code; the service may have done what it was asked to.
_NOT_ANSWERED = frozenset({408, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retries:
    """How patient a client is.

    `attempts` counts the failures in a row that end it. A pause doubles from `first_pause` seconds
    to `longest_pause`; the service's `Retry-After` is kept to, and raised as the error where it is
    longer than that. `turn_wait` is how long a turn waits for another one in its session.
    """

    attempts: int = 5
    first_pause: float = 0.25
    longest_pause: float = 30.0
    turn_wait: float = 120.0
    chance: Callable[[], float] = random.random


class Patience:
    """What is left of it for one call."""

    def __init__(self, retries: Retries, *, repeatable: bool) -> None:
        self._retries, self._repeatable = retries, repeatable
        self._failures = 0
        self._waited = 0.0

    def progressed(self) -> None:
        """Something has arrived: the next failure is the first one again."""
        self._failures = 0

    def pause(self, error: ChatSessionsError) -> float | None:
        """Seconds until the request is sent again; None to raise the error."""
        if not self._may_repeat(error):
            return None
        pause = self._seconds(error)
        if isinstance(error, TurnInProgress):
            self._waited += pause
            return pause if self._waited <= self._retries.turn_wait else None
        self._failures += 1
        return pause if self._failures < self._retries.attempts else None

    def _may_repeat(self, error: ChatSessionsError) -> bool:
        if isinstance(error, Unreachable):
            return self._repeatable or not error.was_sent
        if not isinstance(error, ApiError):
            return False
        if (error.retry_after or 0) > self._retries.longest_pause:
            return False
        if error.code in _REFUSED_FOR_NOW:
            return True
        return self._repeatable and not error.code and error.status in _NOT_ANSWERED

    def _seconds(self, error: ChatSessionsError) -> float:
        """Never all at once: clients that failed together come back one by one."""
        retries = self._retries
        doubled = min(retries.longest_pause, retries.first_pause * 2.0**self._failures)
        if isinstance(error, ApiError) and error.retry_after is not None:
            return error.retry_after + doubled * retries.chance() / 2
        return doubled * (1 + retries.chance()) / 2
