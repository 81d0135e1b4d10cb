"""What a worker has to be able to do before it should be sent requests: a list of checks.

Modules add their own. All are asked at the same time, each on a thread of its own, so that one
which hangs makes nobody wait for longer than `SECONDS`; it counts as failed, and is not asked again
before it has come back. Requests that come meanwhile share what was found.
"""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

# Load balancers commonly wait two seconds.
SECONDS = 1.5


class Weight(Enum):
    """What follows when a check fails."""

    REQUIRED = "unavailable"  # not ready
    DEGRADES = "degraded"  # ready, for what works without it
    TOLD = "ok"  # told, and nothing more


@dataclass
class Check:
    """One thing that is asked; `ask` gives whether it is well, and may hang."""

    ask: Callable[[], bool]
    weight: Weight
    says: Callable[[], str]
    always: bool
    details: Callable[[], Mapping[str, Any]] | None = None
    thread: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(1, thread_name_prefix="readyz")
    )
    pending: "Future[bool] | None" = None

    def begin(self) -> "Future[bool]":
        """Ask, unless the last question has not been answered yet."""
        if self.pending is None or self.pending.done():
            self.pending = self.thread.submit(self.ask)
        return self.pending


@dataclass(frozen=True)
class Report:
    """What was found, in words by name, and until when it was looked."""

    parts: dict[str, str]
    status: Weight
    at: float
    details: dict[str, Mapping[str, Any]] = field(default_factory=dict)


_checks: dict[str, Check] = {}
_looking = threading.Lock()
_last = Report({}, Weight.TOLD, float("-inf"))


def add(
    name: str,
    ask: Callable[[], bool],
    weight: Weight = Weight.REQUIRED,
    *,
    says: Callable[[], str] = lambda: "unavailable",
    always: bool = True,
    details: Callable[[], Mapping[str, Any]] | None = None,
) -> None:
    """Have `ask` asked, in place of another check of this name.

    `says` words a failure; without `always`, the check is named only when it fails. `details` gives
    what the last look saw beside that, for people.
    """
    _checks[name] = Check(ask, weight, says, always, details)


def report(since: float | None = None) -> Report:
    """How all checks stand; `since` is when the request came, by `time.monotonic`.

    What was found after that is what this request is told, whoever looked.
    """
    global _last
    since = time.monotonic() if since is None else since
    with _looking:
        if _last.at < since:
            _last = _look()
        return _last


def _look() -> Report:
    answers = {name: check.begin() for name, check in _checks.items()}
    done, _ = wait(answers.values(), timeout=SECONDS)
    failed = [name for name, answer in answers.items() if not (answer in done and _is_well(answer))]
    weights = {_checks[name].weight for name in failed}
    # The gravest first.
    status = next((weight for weight in Weight if weight in weights), Weight.TOLD)
    parts = {
        name: check.says() if name in failed else "ok"
        for name, check in _checks.items()
        if check.always or name in failed
    }
    seen = {name: check.details() for name, check in _checks.items() if check.details is not None}
    details = {name: values for name, values in seen.items() if values}
    return Report(parts, status, time.monotonic(), details)


def _is_well(answer: "Future[bool]") -> bool:
    return answer.exception() is None and answer.result()
