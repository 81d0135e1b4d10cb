"""One thread a process that looks after its turns: so that each costs next to nothing.

A few times a second it learns which of the running turns are to be stopped and which are followed
at another worker, writes how far the latter are, and reads on for those turns of other processes
that somebody here follows; each of these is one query for all of them. Each lease it renews every
few seconds.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from weakref import WeakValueDictionary

from sessions_app.domain.errors import SessionError, SessionNotFound, TurnInterrupted
from sessions_app.domain.limits import TURN_LEASE_SECONDS, TURN_RENEW_SECONDS
from sessions_app.domain.turns import TurnState
from sessions_app.repository import turns
from sessions_app.repository.turns.records import Progress
from sessions_app.services.turns import following, settling
from sessions_app.services.turns.feeds import Feed, Outcome
from sessions_app.services.turns.runs import Run, Stop, clock

logger = logging.getLogger(__name__)

TICK_SECONDS = 0.25
# With many turns, or where storage is slow, less often: this share of the time at most.
_BUSY_SHARE = 0.03
SWEEP_SECONDS = 15.0
# A turn that has just taken its lease is recorded a moment later.
_UNRECORDED = timedelta(seconds=TURN_LEASE_SECONDS)


def owner() -> str:
    """This process, as leases name it."""
    return f"{socket.gethostname()}/{os.getpid()}"[:200]


class Keeper:
    """The turns that run here, and those that are followed here."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        # A feed that nobody reads any more is not followed any more.
        self._followed: WeakValueDictionary[str, Feed] = WeakValueDictionary()
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None
        self._sweeps = False
        self._swept = 0.0

    def run_of(self, turn_id: str) -> Run | None:
        """The turn, if it runs in this process."""
        return self._runs.get(turn_id)

    @property
    def running(self) -> list[Run]:
        """The turns that run in this process."""
        with self._lock:
            return list(self._runs.values())

    def enter(self, run: Run) -> None:
        """Look after a turn from here on."""
        with self._lock:
            self._runs[run.turn.turn_id] = run
        self._start()

    def leave(self, run: Run) -> None:
        """The turn has ended."""
        with self._lock:
            self._runs.pop(run.turn.turn_id, None)

    def follow(self, feed: Feed) -> Feed:
        """Keep a feed of another process's turn up to date; the one feed that does."""
        with self._lock:
            one = self._followed.setdefault(feed.turn_id, feed)
        if one is feed:
            turns.leases.follow(session_id=feed.session_id, turn_id=feed.turn_id)
        self._start()
        return one

    def let_go(self) -> None:
        """Follow and sweep no more; who reads a followed turn goes on at another worker."""
        self._sweeps = False
        with self._lock:
            followed = list(self._followed.values())
        for feed in followed:
            feed.finish(Outcome(TurnState.RUNNING))

    def sweep_from_now_on(self) -> None:
        """Also end what other workers left behind when they died, now and then."""
        self._sweeps = True
        self._start()

    def _start(self) -> None:
        with self._lock:
            self._work.set()
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._loop, name="turns", daemon=True)
                self._thread.start()

    def _loop(self) -> None:
        while True:
            started = time.monotonic()
            with self._lock:
                busy = bool(self._runs) or any(
                    feed.outcome is None for feed in self._followed.values()
                )
                if not busy:
                    self._work.clear()
            if busy or self._sweeps:
                self._tick()
            if busy:
                spent = time.monotonic() - started
                time.sleep(max(TICK_SECONDS, spent / _BUSY_SHARE))
            else:
                self._work.wait(SWEEP_SECONDS if self._sweeps else None)

    def _tick(self) -> None:
        duties: list[Callable[[], None]] = [self._learn, self._write, self._read]
        if self._sweeps and time.monotonic() - self._swept >= SWEEP_SECONDS:
            self._swept = time.monotonic()
            duties.append(lambda: _sweep())
        for duty in duties:
            try:
                duty()
            except SessionError as error:
                logger.warning("turns cannot be looked after at the moment: %s", error.detail)
                return
            except Exception:
                logger.exception("turns could not be looked after")

    def _write(self) -> None:
        """Renew the leases whose time it is, and write what those who follow have not read."""
        running, now = self.running, time.monotonic()
        deadline = clock() + timedelta(seconds=TURN_LEASE_SECONDS)
        due = {run.turn.turn_id for run in running if run.renewed + TURN_RENEW_SECONDS <= now}
        if due:
            renewed = [run for run in running if run.turn.turn_id in due]
            turns.leases.renew(
                [(run.turn.session_id, run.turn.turn_id) for run in renewed], deadline=deadline
            )
            for run in renewed:
                run.renewed = now
        progress: list[Progress] = []
        for run in running:
            feed, renews = run.feed, run.turn.turn_id in due
            place = (feed.session_id, feed.turn_id)
            told = (feed.seen is not None, feed.length)
            if run.followed and (renews or run.written != told):
                seen = feed.seen if renews or not run.written[0] else None
                run.written = told
                progress.append(Progress(*place, seen, feed.text, deadline))
            elif renews:
                progress.append(Progress(*place, None, None, deadline))
        turns.records.write_progress(progress)

    def _learn(self) -> None:
        """Stop those that somebody has cancelled or that have lost their session; note readers."""
        running = self.running
        if not running:
            return
        held = turns.leases.held([run.turn.session_id for run in running])
        for run in running:
            lease = held.get(run.turn.session_id)
            if lease is None or lease.turn_id != run.turn.turn_id:
                run.stop(Stop.LOST)
            else:
                run.followed = lease.followed
                if lease.cancelled:
                    run.stop(Stop.CANCELLED)

    def _read(self) -> None:
        with self._lock:
            followed = [feed for feed in self._followed.values() if feed.outcome is None]
        if not followed:
            return
        found = turns.records.read([(feed.session_id, feed.turn_id) for feed in followed])
        for feed in followed:
            turn = found.get(feed.turn_id)
            try:
                if turn is not None:
                    following.bring_up_to_date(feed, turn, now=clock())
                elif feed.begun_at + _UNRECORDED < clock():
                    raise TurnInterrupted
            except (SessionNotFound, TurnInterrupted) as error:
                feed.finish(Outcome(TurnState.FAILED, error=error))


def _sweep() -> None:
    settling.settle_overdue(now=clock())


keeper = Keeper()
