"""The jobs by schedule on the dashboard: what each did last, when it is due, and the last runs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sessions_app.domain.jobs import JobRun, JobState, Outcome
from sessions_app.services.jobs import job_history, jobs_report

_SHOWN = 20
_LABELS = {
    Outcome.DONE: "done",
    Outcome.MORE: "more to do",
    Outcome.STOPPED: "stopped",
    Outcome.FAILED: "failed",
    Outcome.LOST: "killed",
}


@dataclass(frozen=True, slots=True)
class JobRow:
    """A job, or one of its runs."""

    name: str
    at: datetime | None
    outcome: str
    figures: str
    seconds: str
    next_at: datetime | None = None
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class JobTables:
    """All jobs, and the newest runs."""

    jobs: list[JobRow]
    runs: list[JobRow]


def tables(*, now: datetime) -> JobTables | None:
    """None where no job has been scheduled yet; raises StorageUnavailable."""
    states = jobs_report(now=now).states
    if not states:
        return None
    return JobTables(
        [_job(state, now) for state in states], [_run(run) for run in job_history(limit=_SHOWN)]
    )


def _job(state: JobState, now: datetime) -> JobRow:
    row = _run(state.last) if state.last else JobRow(state.name, None, "not run yet", "", "")
    return JobRow(
        name=state.name,
        at=row.at,
        outcome="running" if state.is_running(now=now) else row.outcome,
        figures=row.figures,
        seconds=row.seconds,
        next_at=state.next_at,
        alarming=state.has_failed,
    )


def _run(run: JobRun) -> JobRow:
    error = f": {run.error}" if run.error else ""
    return JobRow(
        name=run.job,
        at=run.ended_at,
        outcome=_LABELS[run.outcome] + error,
        figures=_figures(run.counts),
        seconds=f"{(run.ended_at - run.started_at).total_seconds():,.1f}",
        alarming=run.outcome in {Outcome.FAILED, Outcome.LOST},
    )


def _figures(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{number:,} {name.replace('_', ' ')}" for name, number in counts.items())
