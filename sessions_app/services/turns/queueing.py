"""Requests that wait behind a session's turn in progress, in the order in which they came.

The line is in the session's document (`repository.turns.queue`), so it is one for all workers. A
request looks after its own place on its own thread: rarely while others are ahead, often when it
is next.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from django.conf import settings

from sessions_app import instruments, tracing
from sessions_app.domain.errors import StorageUnavailable, TurnInProgress
from sessions_app.repository import log
from sessions_app.repository.turns import queue
from sessions_app.services import identity
from sessions_app.services.turns.fanout import Feed

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 0.1
_LOOK_MAX_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Patience:
    """For how long a request waits for a session, and what tells it that its client has left."""

    seconds: float = 0.0
    on_departure: Callable[[Callable[[], object]], None] = lambda _: None


NONE = Patience()


class _Waiting:
    """The requests that wait in this process, each on a thread that a turn would want."""

    _count: ClassVar[int] = 0
    _lock: ClassVar[threading.Lock] = threading.Lock()

    def __enter__(self) -> None:
        with _Waiting._lock:
            if _Waiting._count >= settings.TURNS_MAX:
                raise _refused("Too many requests wait for a turn here.")
            _Waiting._count += 1

    def __exit__(self, *_: object) -> None:
        with _Waiting._lock:
            _Waiting._count -= 1


@tracing.step
def turn_queued(
    *, session_id: str, user_id: str, patience: Patience, start: Callable[[str | None], Feed]
) -> Feed:
    """What `start` gives once the session is free and nobody is ahead; it is handed a ticket.

    Raises what `start` raises, and TurnInProgress where the session is not free in time, the line
    is full, or the client has left.
    """
    try:
        return start(None)
    except TurnInProgress:
        if not patience.seconds:
            raise
    departed = threading.Event()
    patience.on_departure(departed.set)
    until = time.monotonic() + patience.seconds
    place = _Place(session_id, user_id)
    with _Waiting():
        place.take()
        try:
            while (left := until - time.monotonic()) > 0 and not departed.is_set():
                pause = place.look()
                if pause is None:
                    try:
                        return start(place.ticket)
                    except TurnInProgress:
                        pause = _LOOK_SECONDS
                departed.wait(min(left, pause))
        finally:
            place.leave()
    raise _refused(f"The session was not free within {patience.seconds:g} seconds.")


class _Place:
    """A request's place in the line of one session."""

    def __init__(self, session_id: str, user_id: str) -> None:
        self.ticket = identity.new_turn_id()
        self._session_id, self._user_id = session_id, user_id
        self._renewed_at = 0.0

    def take(self) -> None:
        """Wait behind all others; raises TurnInProgress where the line is full."""
        most = settings.TURN_WAITERS_MAX
        if not queue.join(
            session_id=self._session_id, user_id=self._user_id, ticket=self.ticket, most=most
        ):
            raise _refused(f"Another turn is in progress, and {most} requests wait for it already.")
        self._renewed_at = time.monotonic()

    def look(self) -> float | None:
        """How long to wait until the next look; None where it may be tried now."""
        try:
            standing = queue.standing(session_id=self._session_id, ticket=self.ticket)
            if standing is None:
                # It was held up for longer than a place is kept, or the session is gone.
                log.read_header(session_id=self._session_id, user_id=self._user_id)
                self.take()
                return _LOOK_SECONDS
            if time.monotonic() - self._renewed_at >= queue.RENEW_SECONDS:
                queue.renew(session_id=self._session_id, ticket=self.ticket)
                self._renewed_at = time.monotonic()
        except StorageUnavailable:
            return _LOOK_MAX_SECONDS
        if standing.is_next:
            return None
        return min(_LOOK_MAX_SECONDS, _LOOK_SECONDS * (1 + standing.ahead))

    def leave(self) -> None:
        """Let the next one have the place; where it cannot be said, the place runs out."""
        try:
            queue.leave(session_id=self._session_id, ticket=self.ticket)
        except StorageUnavailable:
            logger.info("a place in the line of %s could not be given up now", self._session_id)


def _refused(detail: str) -> TurnInProgress:
    instruments.quota_refused("turn_queue")
    return TurnInProgress(detail, retry_after=log.TURN_RETRY_SECONDS)
