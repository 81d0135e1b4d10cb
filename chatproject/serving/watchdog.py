"""Runs the HTTP server and watches over its workers.

    python -m chatproject.serving.watchdog --silence SECONDS -m MODULE ARGUMENTS…

MODULE is a server that forks workers and starts another in place of one that ends (granian). It
runs in this process, and a thread beside it watches: a worker that dies is named with its signal,
and listed for the others, which settle its turns; one that is silent for too long is killed; when
workers keep ending, the server is stopped. Nothing here loads Django: what is forked stays small.
"""

import argparse
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess

from chatproject.serving import pulse
from chatproject.serving.pulse import Pulse

LOOK_SECONDS = 0.25
# From the fork to the first beat: loading takes seconds, on a busy machine many.
LOADING_SECONDS = 60.0
# So many ends of workers within so long are a crash loop.
DEATHS, WITHIN_SECONDS = 5, 60.0
CRASH_LOOP = 70
# Sent to a worker that hangs before it is killed: it then prints where its threads are.
WHERE = signal.SIGUSR1
_WHERE_SECONDS = 0.2


@dataclass
class Watched:
    """A worker, when it was first seen, and when it last beat; None before it ever has."""

    process: BaseProcess
    since: float
    beat_at: float | None = None
    left: bool = False


class Watchdog:
    """Looks after the children of this process; `silence` 0 kills none for being silent."""

    def __init__(self, shared: Pulse, silence: float) -> None:
        self._pulse, self._silence = shared, silence
        self._workers: dict[int, Watched] = {}
        self._deaths: deque[float] = deque(maxlen=DEATHS)
        self._ever_beaten = False
        self._looked_at = time.monotonic()
        self.exit_code: int | None = None

    def run(self) -> None:
        """Watch until the process ends."""
        while self.exit_code is None:
            self.look()
            time.sleep(LOOK_SECONDS)

    def look(self) -> None:
        """Notice new workers, beats and ends."""
        now = time.monotonic()
        # This process has stood still, and the workers probably with it: they begin anew.
        if now - self._looked_at > LOOK_SECONDS + 2 * pulse.BEAT_SECONDS:
            self._forgive(now)
        self._looked_at = now
        for process in multiprocessing.active_children():
            if process.pid is not None:
                self._workers.setdefault(process.pid, Watched(process, now))
        self._hear(now)
        for pid, worker in list(self._workers.items()):
            code = worker.process.exitcode
            if code is not None:
                del self._workers[pid]
                self._ended(pid, code, now - worker.since)
            elif self._is_silent(worker, now):
                self._kill(pid, now - (worker.beat_at or worker.since), worker)

    def _forgive(self, now: float) -> None:
        for worker in self._workers.values():
            worker.beat_at = worker.beat_at and now

    def _hear(self, now: float) -> None:
        beaten, left = self._pulse.heard()
        for pid, worker in self._workers.items():
            if pid in beaten:
                worker.beat_at, self._ever_beaten = now, True
            worker.left = worker.left or pid in left

    def _is_silent(self, worker: Watched, now: float) -> bool:
        if not self._silence or worker.left:
            return False
        if worker.beat_at is None:
            return now - worker.since > max(LOADING_SECONDS, self._silence)
        return now - worker.beat_at > self._silence

    def _kill(self, pid: int, silent: float, worker: Watched) -> None:
        say(f"worker {pid} has been silent for {silent:.0f} s and is killed (SIGKILL)")
        with suppress(ProcessLookupError):
            if worker.beat_at is not None:
                os.kill(pid, WHERE)
                time.sleep(_WHERE_SECONDS)
            os.kill(pid, signal.SIGKILL)
        # Once: its end is noticed at one of the next looks.
        worker.left = True

    def _ended(self, pid: int, code: int, lived: float) -> None:
        self._pulse.bury(pid)
        if code == 0:
            return
        now = time.monotonic()
        self._deaths.append(now)
        how = f"by {_name(-code)}" if code < 0 else f"with code {code}"
        say(f"worker {pid} ended {how} after {lived:.0f} s; another takes its place")
        if not self._ever_beaten:
            # It cannot even start, and another could not either.
            self._give_up(1)
        elif len(self._deaths) == DEATHS and now - self._deaths[0] < WITHIN_SECONDS:
            say(f"{DEATHS} workers have ended within {WITHIN_SECONDS:.0f} s: the server is stopped")
            self._give_up(CRASH_LOOP)

    def _give_up(self, code: int) -> None:
        self.exit_code = code
        os.kill(os.getpid(), signal.SIGTERM)


def say(text: str) -> None:
    """A line with its time, as the workers' logs have it."""
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S,%f")[:-3]
    # The reader of a pipe may have ended.
    with suppress(OSError):
        sys.stderr.write(f"{at} ERROR watchdog: {text}\n")
        sys.stderr.flush()


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def main() -> int:
    """Run the server that the command line names; its exit code, or why it was stopped."""
    parser = argparse.ArgumentParser(prog="watchdog")
    parser.add_argument("--silence", type=float, required=True)
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, required=True)
    arguments = parser.parse_args()
    # Only what is forked shares a pulse.
    forks = multiprocessing.get_start_method() == "fork"
    watchdog = Watchdog(pulse.share(), arguments.silence if forks else 0)
    threading.Thread(target=watchdog.run, name="watchdog", daemon=True).start()
    module, *sys.argv[1:] = arguments.module
    code: object = 0
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        code = ended.code
    if watchdog.exit_code is not None:
        return watchdog.exit_code
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    sys.exit(main())
