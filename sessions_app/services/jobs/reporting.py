"""How the jobs stand, for the admin, metrics and probes."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessions_app.domain.jobs import JobRun, JobState
from sessions_app.repository import jobs as jobs_store


@dataclass(frozen=True, slots=True)
class JobReport:
    """All jobs at a moment."""

    states: list[JobState]
    now: datetime

    def troubles(self, scheduled: Collection[str]) -> dict[str, str]:
        """Those of the jobs that have failed or are late, with how."""
        return {
            state.name: "failed" if state.has_failed else "late"
            for state in self.states
            if state.name in scheduled and (state.has_failed or state.is_late(now=self.now))
        }

    def as_json(self) -> dict[str, Any]:
        """Each job's last run, its figures and its next run, as JSON values."""
        return {state.name: _state_json(state, self.now) for state in self.states}


def jobs_report(*, now: datetime) -> JobReport:
    """How all jobs stand; raises StorageUnavailable."""
    return JobReport(jobs_store.states(), now)


def job_history(*, limit: int) -> list[JobRun]:
    """The newest runs of all jobs, of the last 30 days; raises StorageUnavailable."""
    return jobs_store.history(limit=limit)


def _state_json(state: JobState, now: datetime) -> dict[str, Any]:
    last = state.last
    return {
        "running": state.is_running(now=now),
        "last_run": None if last is None else _time(last.ended_at),
        "outcome": None if last is None else last.outcome.value,
        "figures": {} if last is None else dict(last.counts),
        "next_run": _time(state.next_at),
    }


def _time(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")
