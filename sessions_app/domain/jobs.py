"""Jobs: the upkeep that the service does by schedule, and how each of them stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class JobName(StrEnum):
    """A job has the name of the command that does the same by hand."""

    EXPIRE = "expire_sessions"
    TOKENS = "flushexpiredtokens"
    SEARCH = "rebuild_search"
    TOPICS = "rebuild_annotations"
    SUMMARIES = "summarise_sessions"
    ATTACHMENTS = "sweep_attachments"


class Outcome(StrEnum):
    """How a run ended; `more` and `stopped` go on where they were, `lost` was killed."""

    DONE = "done"
    MORE = "more"
    STOPPED = "stopped"
    FAILED = "failed"
    LOST = "lost"


# After these, a job is due again sooner than its interval says.
MORE_SECONDS = 60
RETRY_SECONDS = 300
# A job that is due for longer than this, and not running, is late.
LATE = timedelta(minutes=15)


def wait_seconds(outcome: Outcome, every_seconds: int) -> int:
    """The time from the end of a run to the next."""
    if outcome is Outcome.DONE:
        return every_seconds
    if outcome is Outcome.FAILED:
        return min(every_seconds, RETRY_SECONDS)
    return min(every_seconds, MORE_SECONDS)


@dataclass(frozen=True, slots=True)
class JobRun:
    """One run of a job: when, how it ended, and what it counted."""

    job: str
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
    owner: str
    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job stands. `totals` are the sums of all runs' counts."""

    name: str
    next_at: datetime
    lease_until: datetime | None
    last: JobRun | None
    succeeded_at: datetime | None
    runs: int
    failures: int
    totals: Mapping[str, int] = field(default_factory=dict)

    def is_running(self, *, now: datetime) -> bool:
        """Whether some instance holds its lease."""
        return self.lease_until is not None and self.lease_until > now

    @property
    def has_failed(self) -> bool:
        """Whether its last run failed or was killed."""
        return self.last is not None and self.last.outcome in {Outcome.FAILED, Outcome.LOST}

    def is_late(self, *, now: datetime) -> bool:
        """Whether it has been due for long, and nobody runs it."""
        return not self.is_running(now=now) and self.next_at + LATE < now
