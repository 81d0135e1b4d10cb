"""What a simulation has seen so far, counted by many threads at once."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RouteTimes:
    """How long the answers of one route took, in milliseconds."""

    route: str
    requests: int
    p50_ms: float
    p95_ms: float


class Measurements:
    """Counters, durations per route, and everything that was not as it should be."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._durations: dict[str, list[float]] = defaultdict(list)
        self._started: float | None = None
        self._ended: float | None = None
        self.sessions = 0
        self.messages = 0
        self.retries = 0
        self.mismatches: list[str] = []
        self.failures: list[str] = []

    def request(self, route: str, seconds: float) -> None:
        """An answer has come, whatever its status."""
        with self._lock:
            self._durations[route].append(seconds * 1_000)

    def count(self, *, sessions: int = 0, messages: int = 0, retries: int = 0) -> None:
        """So many more."""
        with self._lock:
            self.sessions += sessions
            self.messages += messages
            self.retries += retries

    def mismatch(self, sentence: str) -> None:
        """The service gave back something else than it was sent."""
        with self._lock:
            self.mismatches.append(sentence)

    def failure(self, sentence: str) -> None:
        """A dialogue could not be replayed, or not to its end."""
        with self._lock:
            self.failures.append(sentence)

    def begin(self) -> None:
        """Start the clock."""
        self._started = time.monotonic()

    def end(self) -> None:
        """Stop the clock."""
        self._ended = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it took; 0 before it has ended."""
        if self._started is None or self._ended is None:
            return 0.0
        return self._ended - self._started

    def routes(self) -> list[RouteTimes]:
        """Every route that has answered, in the order of its path."""
        with self._lock:
            durations = {route: sorted(times) for route, times in self._durations.items()}
        return [
            RouteTimes(route, len(times), percentile(times, 0.50), percentile(times, 0.95))
            for route, times in sorted(durations.items(), key=lambda item: item[0].split()[::-1])
        ]

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values."""
        routes = self.routes()
        return {
            "sessions": self.sessions,
            "messages": self.messages,
            "requests": sum(times.requests for times in routes),
            "retries": self.retries,
            "seconds": round(self.seconds, 3),
            "routes": {
                times.route: {
                    "requests": times.requests,
                    "p50_ms": round(times.p50_ms, 2),
                    "p95_ms": round(times.p95_ms, 2),
                }
                for times in routes
            },
            "mismatches": self.mismatches,
            "failures": self.failures,
        }


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed (nearest rank)."""
    return ascending[max(math.ceil(share * len(ascending)), 1) - 1]
