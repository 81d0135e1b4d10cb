"""Claims deferred work for this process, beside any number of others.

Judging a message takes tens of milliseconds of a core: too much within a turn, while two hundred
others start. So what takes the processor is done by one thread, for a bounded share of its time;
what waits for a model has threads of its own.
"""

import logging
import os
import random
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

from sessions_app import clock, instruments
from sessions_app.domain.deferred import DeferredPiece, Kind
from sessions_app.domain.errors import (
    DamagedSession,
    SessionArchived,
    SessionError,
    SessionExpired,
    SessionNotFound,
    StorageUnavailable,
)
from sessions_app.repository import deferred as pieces
from sessions_app.services.deferred.work import do

logger = logging.getLogger(__name__)

# Of a core: the rest is left to everything else that this process does.
SHARE = 0.05
# No lower priority: where cores are scarce, a thread that gets none and has the interpreter's lock
# makes the event loop, and with it every stream of this process, wait for seconds.
MODEL_THREADS = 4
LOOK_SECONDS = 2.0
RENEW_SECONDS = 15.0
RETRY_SECONDS = 60
# After so many claims without an end a request or a job will have to do it.
MOST_ATTEMPTS = 5
# What is due is read together, and begun at any of these, so that processes seldom meet.
_CANDIDATES = 16
# Searches index what they need by themselves, so a busy session is indexed once a minute.
WAITS: dict[Kind, int] = {Kind.SEARCH: 60}

Work = Callable[[DeferredPiece], bool]


class Runner:
    """Threads that do pieces of some kinds, from `start` to `stop`."""

    def __init__(
        self, kinds: Collection[Kind], *, threads: int = 1, share: float = 1.0, work: Work = do
    ) -> None:
        self.kinds = kinds
        self._count, self._share, self._work = threads, share, work
        # Of this runner alone: a lease tells it from one that has died with the same number.
        self.claimant = f"{socket.gethostname()[:100]}/{os.getpid()}/{secrets.token_hex(6)}"
        self._changed = threading.Condition()
        self._asked = False
        self._threads: list[threading.Thread] = []

    @property
    def is_running(self) -> bool:
        """Whether it takes work."""
        return bool(self._threads)

    def start(self) -> None:
        """Start the threads."""
        with self._changed:
            if self._threads:
                return
            name = "-".join(self.kinds)
            self._threads = [
                threading.Thread(target=self._loop, name=f"deferred {name}", daemon=True)
                for _ in range(self._count)
            ]
            for thread in self._threads:
                thread.start()

    def stop(self, *, seconds: float = 2.0) -> None:
        """Take no more; what a thread is at after `seconds` is left to its lease."""
        with self._changed:
            threads, self._threads = self._threads, []
            self._changed.notify_all()
        until = time.monotonic() + seconds
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))

    def wake(self) -> None:
        """Look at once for what is due."""
        with self._changed:
            self._asked = True
            self._changed.notify_all()

    def run_due(self) -> int:
        """Do what is due and can be claimed here, a piece after the other; how many it were."""
        done = 0
        for session_id, kind in self._candidates():
            piece = pieces.claim(session_id, kind, claimant=self.claimant)
            if piece is None:
                continue
            if piece.taken_over:
                instruments.lease_lost("session")
            began = time.monotonic()
            self._do(piece)
            done += 1
            if not self._rest(time.monotonic() - began):
                break
        return done

    def _candidates(self) -> Sequence[tuple[str, Kind]]:
        candidates = list(pieces.due(self.kinds, now=clock.now(), limit=_CANDIDATES))
        random.shuffle(candidates)
        return candidates

    def _loop(self) -> None:
        while self._is_wanted():
            done = 0
            try:
                done = self.run_due()
            except StorageUnavailable:
                logger.warning("deferred work waits: storage is away")
            # The thread must survive: without it, every request would have to wait again.
            except Exception:
                logger.exception("deferred work could not be done")
            if not done:
                with self._changed:
                    self._changed.wait_for(lambda: self._asked or not self._is_wanted(), _look())
                    self._asked = False

    def _is_wanted(self) -> bool:
        return threading.current_thread() in self._threads

    def _rest(self, worked: float) -> bool:
        """Rest in proportion, which keeps the share; whether to go on."""
        with self._changed:
            rest = worked * (1 - self._share) / self._share
            if self._threads:
                self._changed.wait_for(lambda: not self._is_wanted(), rest)
            return self._is_wanted() or not self._threads

    def _do(self, piece: DeferredPiece) -> None:
        try:
            with _renewing(piece):
                done = self._work(piece)
        # Deleted or ended meanwhile, or for an operator to mend: there is nothing left to do.
        except (SessionNotFound, SessionExpired, SessionArchived, DamagedSession):
            done = True
        except SessionError as error:
            logger.info("deferred %s waits: %s", piece.kind, error.detail)
            self._again(piece)
            return
        except Exception:
            logger.exception("deferred %s of session %s failed", piece.kind, piece.session_id)
            self._again(piece)
            return
        if done:
            pieces.finish(piece)
        else:
            pieces.give_back(piece, wait_seconds=0)

    @staticmethod
    def _again(piece: DeferredPiece) -> None:
        if piece.attempts >= MOST_ATTEMPTS:
            pieces.drop(piece)
        else:
            pieces.give_back(piece, wait_seconds=RETRY_SECONDS * piece.attempts)


def _look() -> float:
    return LOOK_SECONDS * random.uniform(0.75, 1.25)  # noqa: S311 - so that processes spread


@contextmanager
def _renewing(piece: DeferredPiece) -> Iterator[None]:
    """Keep the lease of work that waits for a model, which may take minutes."""
    if piece.kind in {Kind.TOPICS, Kind.SEARCH}:
        yield
        return
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(RENEW_SECONDS):
            try:
                if not pieces.renew(piece):
                    return
            except SessionError as error:
                logger.warning("deferred %s: lease not renewed: %s", piece.kind, error.detail)

    thread = threading.Thread(target=renew, name=f"lease-{piece.kind}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class Deferred:
    """The deferred work of this process: asked for here, done here or anywhere."""

    def __init__(self) -> None:
        self.runners = (
            Runner((Kind.TOPICS, Kind.SEARCH), share=SHARE),
            Runner((Kind.TITLE, Kind.SUMMARY), threads=MODEL_THREADS),
        )

    @property
    def is_running(self) -> bool:
        """Whether this process takes part."""
        return all(runner.is_running for runner in self.runners)

    def start(self) -> None:
        """Take part from now on."""
        for runner in self.runners:
            runner.start()

    def stop(self) -> None:
        """Take no more work."""
        for runner in self.runners:
            runner.stop()

    def ask(self, kinds: Collection[Kind], *, session_id: str, user_id: str) -> None:
        """Have these done for a session, by whichever process comes first."""
        for kind in kinds:
            pieces.ask(
                session_id=session_id,
                user_id=user_id,
                kind=kind,
                wait_seconds=WAITS.get(kind, 0),
            )
        for runner in self.runners:
            if not {*kinds}.isdisjoint(runner.kinds):
                runner.wake()


deferred = Deferred()
