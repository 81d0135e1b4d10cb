"""Runs one job under its lease: renewed meanwhile, bounded in time, entered into its history."""

import logging
import os
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sessions_app import instruments
from sessions_app.domain.errors import SessionError, StorageUnavailable
from sessions_app.domain.jobs import JobName, JobRun, Outcome, wait_seconds
from sessions_app.repository import jobs as jobs_store
from sessions_app.repository.jobs import Claim

logger = logging.getLogger(__name__)

RENEW_SECONDS = 10.0
# Of a core, while a job catches up: the rest is left to requests.
SHARE = 0.1
# Storage that is away for longer ends the run: its lease has run out then.
_FINISH_TRIES = 5


class Running:
    """A run in progress, as the job's work sees it.

    The work adds to `counts`, moves `position` on, and asks `goes_on` before each step.
    """

    def __init__(self, *, stop: threading.Event, seconds: float, position: str) -> None:
        self.counts: Counter[str] = Counter()
        self.position = position
        self.lost = threading.Event()
        self._stop = stop
        self._until = time.monotonic() + seconds
        self._rested = time.monotonic()

    @property
    def is_stopped(self) -> bool:
        """Whether the process is to end."""
        return self._stop.is_set()

    def goes_on(self) -> bool:
        """Whether the next step may begin: in time, under the lease, and not stopped."""
        return not (self.is_stopped or self.lost.is_set()) and time.monotonic() < self._until

    def rest(self) -> None:
        """Wait after a step, so that the job has its share of the time and no more."""
        worked = time.monotonic() - self._rested
        self._stop.wait(worked * (1 - SHARE) / SHARE)
        self._rested = time.monotonic()


# Returns whether everything that was due is done.
Work = Callable[[Running], bool]


@dataclass(frozen=True)
class Job:
    """A job of the schedule; `is_wanted` says whether there is anything that it could do."""

    name: JobName
    work: Work
    every_seconds: int
    is_wanted: Callable[[], bool] = field(default=lambda: True)


def process_name() -> str:
    """The name of this process in leases and in the history."""
    return f"{socket.gethostname()}/{os.getpid()}"


def run_now(
    job: Job, *, stop: threading.Event, seconds: float, whenever: bool = False
) -> JobRun | None:
    """Run a job for at most about so long; None where another process has it.

    `whenever` runs it before it is due, too. Whatever it raises is said in the log and in its
    history. Raises StorageUnavailable.
    """
    claimed = jobs_store.claim(job.name.value, owner=process_name(), whenever=whenever)
    if claimed is None:
        return None
    running = Running(stop=stop, seconds=seconds, position=claimed.position)
    with _renewing(claimed, running):
        outcome, error = _work(job, running)
    run = _finish(claimed, running, outcome, error, wait_seconds(outcome, job.every_seconds))
    if run is None:
        logger.error("job %s: another process has taken it meanwhile", job.name.value)
    elif outcome is not Outcome.FAILED:
        took = (run.ended_at - run.started_at).total_seconds()
        logger.info("job %s: %s in %.1f s, %s", job.name.value, outcome, took, dict(run.counts))
    return run


def _work(job: Job, running: Running) -> tuple[Outcome, str | None]:
    try:
        complete = job.work(running)
    except SessionError as error:
        logger.error("job %s failed: %s", job.name.value, error.detail)  # noqa: TRY400 - said whole
        return Outcome.FAILED, error.detail
    # A job's failure must not end the others; the traceback is in the log.
    except Exception as error:
        logger.exception("job %s failed", job.name.value)
        return Outcome.FAILED, type(error).__name__
    if complete:
        return Outcome.DONE, None
    return (Outcome.STOPPED if running.is_stopped else Outcome.MORE), None


def _finish(
    claimed: Claim, running: Running, outcome: Outcome, error: str | None, wait: int
) -> JobRun | None:
    """Enter the run, which is worth some patience: without it the run counts as lost."""
    for attempt in range(_FINISH_TRIES):
        try:
            return jobs_store.finish(
                claimed,
                outcome=outcome,
                counts={name: number for name, number in running.counts.items() if number},
                error=error,
                position=running.position,
                wait_seconds=wait,
            )
        except StorageUnavailable:
            if attempt == _FINISH_TRIES - 1:
                raise
            time.sleep(1)
    return None


@contextmanager
def _renewing(claimed: Claim, running: Running) -> Iterator[None]:
    """Keep the lease on a thread, for steps that take longer than it lasts."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(RENEW_SECONDS):
            try:
                if not jobs_store.renew(claimed, position=running.position):
                    instruments.lease_lost("job")
                    running.lost.set()
                    return
            # The next renewal may come through before the lease has run out.
            except SessionError as error:
                logger.warning("job %s: lease not renewed: %s", claimed.name, error.detail)
            except Exception:
                logger.exception("job %s: lease not renewed", claimed.name)

    thread = threading.Thread(target=renew, name=f"lease-{claimed.name}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
