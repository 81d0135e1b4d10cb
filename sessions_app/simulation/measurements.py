"""The measurements of a simulation, counted by many threads at once."""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class Measurements:
    """Counters, durations per route, mismatches and failures."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._durations: dict[str, list[float]] = defaultdict(list)
        self._seconds = 0.0
        self._counts = {"sessions": 0, "messages": 0, "retries": 0}
        self._mismatches: list[str] = []
        self._failures: list[str] = []

    @contextmanager
    def clock(self) -> Iterator[None]:
        """Measure the duration of the block as that of the simulation."""
        started = time.monotonic()
        try:
            yield
        finally:
            self._seconds = time.monotonic() - started

    def request(self, route: str, seconds: float) -> None:
        """Count an answered request, whatever its status."""
        with self._lock:
            self._durations[route].append(seconds * 1_000)

    def count(self, counter: str) -> None:
        """One more of `sessions`, `messages` or `retries`."""
        with self._lock:
            self._counts[counter] += 1

    def mismatch(self, sentence: str) -> None:
        """Add a difference between what was sent and what the service returned."""
        with self._lock:
            self._mismatches.append(sentence)

    def failure(self, sentence: str) -> None:
        """Add a dialogue that could not be replayed to its end."""
        with self._lock:
            self._failures.append(sentence)

    @property
    def all_well(self) -> bool:
        """Whether every dialogue was replayed and returned as it was sent."""
        return not (self._mismatches or self._failures)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON values; durations in milliseconds, routes ordered by path."""
        with self._lock:
            durations = sorted(self._durations.items(), key=lambda item: item[0].split()[::-1])
            return {
                **self._counts,
                "requests": sum(len(times) for _, times in durations),
                "seconds": round(self._seconds, 3),
                "routes": [{"route": route} | _summary(times) for route, times in durations],
                "mismatches": list(self._mismatches),
                "failures": list(self._failures),
            }


def _summary(times: Sequence[float]) -> dict[str, float]:
    ascending = sorted(times)
    return {
        "requests": len(ascending),
        "p50_ms": round(percentile(ascending, 0.50), 2),
        "p95_ms": round(percentile(ascending, 0.95), 2),
    }


def percentile(ascending: Sequence[float], share: float) -> float:
    """The smallest value that `share` of them do not exceed (nearest rank)."""
    # Nearest rank needs no interpolation: every percentile is a measured value.
    return ascending[max(math.ceil(share * len(ascending)), 1) - 1]
