"""The loop over what is due. Any number of processes may run it: leases keep them apart."""

import logging
import threading
from collections.abc import Sequence

from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.jobs import JobRun
from sessions_app.repository import jobs as jobs_store
from sessions_app.services.jobs.running import Job, run_now

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
# A new installation has better things to do at its start.
FIRST_SECONDS = 60


def jobs_enter(jobs: Sequence[Job]) -> None:
    """Make the jobs known, with their first runs; raises StorageUnavailable."""
    for job in jobs:
        jobs_store.schedule(
            job.name.value,
            first_seconds=min(FIRST_SECONDS, job.every_seconds),
            every_seconds=job.every_seconds,
        )


def run_due(jobs: Sequence[Job], *, stop: threading.Event, seconds: float) -> list[JobRun]:
    """Run each job that is due, one after the other; the runs. Raises StorageUnavailable."""
    by_name = {job.name.value: job for job in jobs}
    runs = []
    for name in jobs_store.due(list(by_name)):
        if stop.is_set():
            break
        run = run_now(by_name[name], stop=stop, seconds=seconds)
        if run is not None:
            runs.append(run)
    return runs


def run_until(stop: threading.Event, jobs: Sequence[Job], *, seconds: float) -> None:
    """Run what is due, again and again, until `stop` is set. Storage may be away meanwhile."""
    entered, is_away = False, False
    while not stop.is_set():
        try:
            if not entered:
                jobs_enter(jobs)
                entered = True
            run_due(jobs, stop=stop, seconds=seconds)
            is_away = False
        except StorageUnavailable:
            if not is_away:
                logger.error("no job can be run while storage is away")  # noqa: TRY400 - known
            is_away = True
        stop.wait(LOOK_SECONDS)
