"""Long operations over all sessions: where they are, how fast they may go, where they go on."""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.utils.crypto import salted_hmac

from sessions_app import clock
from sessions_app.repository import audits
from sessions_app.repository.audits.walks import Reached

SAVE_SECONDS = 2.0
FULL = 100


class Pace:
    """Rests after each piece of work, so that it has `share` percent of the time and no more."""

    def __init__(
        self,
        share: int = FULL,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._share, self._clock, self._sleep = share, clock, sleep
        self._rested_at = clock()

    def rest(self) -> None:
        """Wait in proportion to the work since the last rest."""
        if self._share >= FULL:
            return
        worked = self._clock() - self._rested_at
        self._sleep(worked * (FULL - self._share) / self._share)
        self._rested_at = self._clock()


class Walk:
    """One walk over all sessions, or a user's, in order of their ids.

    Where it is is kept in MongoDB every SAVE_SECONDS, with what has been `counted` until then. A
    walk that goes on does what came after the last saving again, which changes nothing.
    """

    def __init__(
        self,
        name: str,
        *,
        user_id: str | None = None,
        resume: bool = False,
        share: int = FULL,
    ) -> None:
        self._name = walk_name(name, user_id)
        self._pace = Pace(share)
        earlier = audits.walks.read(self._name)
        # What an earlier run has left to do, whether or not this one goes on with it.
        self.left_by_earlier = earlier.done if earlier else 0
        self.before = earlier if resume and earlier else Reached(clock.now())
        self.after, self.done = self.before.after, self.before.done
        self.counts: Callable[[], Mapping[str, Any]] = dict
        self._saved_at = time.monotonic()

    @property
    def began_at(self) -> datetime:
        """When its first run began."""
        return self.before.began_at

    def passed(self, session_id: str, number: int = 1) -> None:
        """So many sessions more are done, up to this one; rests, and keeps it now and then."""
        self.after, self.done = session_id, self.done + number
        if time.monotonic() - self._saved_at >= SAVE_SECONDS:
            self.save()
        self._pace.rest()

    def save(self) -> None:
        """Keep where it is, for another run."""
        self._saved_at = time.monotonic()
        if self.after:
            reached = Reached(self.began_at, self.after, self.done, self.counts())
            audits.walks.save(self._name, reached, now=clock.now())

    def end(self, *, stopped: bool = False) -> None:
        """Keep where it is, if it was `stopped` before its end; else there is nothing to keep."""
        if stopped:
            self.save()
        else:
            audits.walks.forget(self._name)


def walk_name(name: str, user_id: str | None) -> str:
    """The key of a walk; of a user a keyed hash, so that it names nobody."""
    if user_id is None:
        return name
    digest = salted_hmac("sessions_app.walks", user_id, algorithm="sha256").hexdigest()
    return f"{name} of {digest[:32]}"
