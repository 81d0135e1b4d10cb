"""Annotates the messages of a turn after it has ended, so that the next turn does not wait.

Judging a reply takes tens of milliseconds of a core: too much within a turn, while two hundred
others start. One thread per process does it, for a bounded share of its time. What it does not get
to is annotated when a request needs it.
"""

import logging
import threading
import time

from sessions_app.domain.errors import SessionError, SessionNotFound
from sessions_app.services.topics import annotations

logger = logging.getLogger(__name__)

# Of a core: the rest is left to everything else that this process does.
SHARE = 0.05
# No lower priority: where cores are scarce, a thread that gets none and has the interpreter's lock
# makes the event loop, and with it every stream of this process, wait for seconds.
# A session with a long backlog goes back to the end of the queue after this.
_AT_ONCE_SECONDS = 0.25
# Beyond this, the session that has waited longest is dropped: a request will annotate it.
MOST_WAITING = 10_000


class JudgeAhead:
    """The queue of sessions to judge, and the thread that works on it from `start` to `stop`."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._judging = False
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="topics", daemon=True)
                self._thread.start()

    def stop(self, *, seconds: float = 2.0) -> None:
        """Stop the thread and clear the queue."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._waiting.clear()
            self._changed.notify_all()
        if thread is not None:
            thread.join(seconds)

    @property
    def waiting(self) -> int:
        """The number of sessions that wait, with the one in progress."""
        return len(self._waiting) + self._judging

    def later(self, *, session_id: str, user_id: str) -> None:
        """Queue a session, once; does nothing in a process without the thread."""
        with self._changed:
            if self._thread is None:
                return
            self._waiting.setdefault(session_id, user_id)
            if self.waiting > MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
            self._changed.notify_all()

    def _loop(self) -> None:
        me = threading.current_thread()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._thread is not me)
                if self._thread is not me:
                    return
                # Removed before it is judged: a message that comes meanwhile queues it again.
                session_id = next(iter(self._waiting))
                user_id = self._waiting.pop(session_id)
                self._judging = True
            started = time.monotonic()
            if not self._judge(session_id, user_id):
                self.later(session_id=session_id, user_id=user_id)
            self._judging = False
            spent = time.monotonic() - started
            with self._changed:
                # Resting in proportion keeps the share, however long a session takes.
                rest = spent * (1 - SHARE) / SHARE
                self._changed.wait_for(lambda: self._thread is not me, rest)

    @staticmethod
    def _judge(session_id: str, user_id: str) -> bool:
        """Judge for a moment; returns whether the session is done."""
        try:
            return annotations.catch_up(
                session_id=session_id, user_id=user_id, seconds=_AT_ONCE_SECONDS
            ).complete
        # Deleted meanwhile, so there is nothing left to do.
        except SessionNotFound:
            return True
        except SessionError as error:
            logger.warning("topics cannot be judged at the moment: %s", error.detail)
        # The thread must survive: without it, every request would have to wait again.
        except Exception:
            logger.exception("session %s could not be judged", session_id)
        return True


judge_ahead = JudgeAhead()
