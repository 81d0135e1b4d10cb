"""The process of `serve` that runs the jobs by schedule: started, started again, stopped.

A process of its own rather than a thread of a worker: a low priority of a thread would make the
event loop wait for the interpreter's lock, and a job's memory and its end are then its own.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from chatproject.processes import parent_death
from chatproject.serving import counters

# After an unexpected end it is started again, later each time.
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0
# One that has run for so long has started well.
_WELL_SECONDS = 60.0
# A step of a job, which a stop waits for; killed after that, its lease runs out.
STOP_SECONDS = 10.0


class Scheduler:
    """The process, and when it may be started again."""

    def __init__(self) -> None:
        self._wait = FIRST_WAIT
        self._start_at = time.monotonic()
        self._started = 0.0
        self._process: subprocess.Popen[bytes] | None = None

    def look(self) -> None:
        """Start the process where it is not running; called every now and then."""
        now = time.monotonic()
        if self._process is not None:
            code = self._process.poll()
            if code is None:
                return
            self._process = None
            if now - self._started > _WELL_SECONDS:
                self._wait = FIRST_WAIT
            sys.stderr.write(
                f"the process that runs jobs has ended (code {code}); "
                f"started again in {self._wait:.0f} s\n"
            )
            self._start_at, self._wait = now + self._wait, min(2 * self._wait, LONGEST_WAIT)
        if now >= self._start_at:
            self._started = now
            self._process = _start()

    def stop(self) -> None:
        """Let the step in progress end, and the process with it."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def scheduling() -> Iterator[Scheduler | None]:
    """Run the jobs as long as the block, if JOBS is on; its user calls `look`."""
    if not settings.JOBS:
        yield None
        return
    scheduler = Scheduler()
    try:
        yield scheduler
    finally:
        scheduler.stop()


def _start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "manage.py", "run_jobs"],
        cwd=Path(__file__).resolve().parents[2],
        # It counts in a set of files of its own, beside the workers'.
        env=os.environ
        | {"PROMETHEUS_MULTIPROC_DIR": str(counters.directory_of(settings.DATA_DIR))},
        stdin=subprocess.DEVNULL,
        # What it says at its end is for people who run it by hand.
        stdout=subprocess.DEVNULL,
        # A Ctrl-C in the terminal must reach the supervisor only, which stops this in its turn.
        start_new_session=True,
        preexec_fn=parent_death.following(signal.SIGTERM),
    )
