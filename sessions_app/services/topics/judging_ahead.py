"""Vectors and topics of what turns have said, made behind them, so that no later turn waits.

Reading a reply for its topic takes tens of milliseconds of a core, which no turn can spare while
two hundred others want to begin. One thread a process does it, for a bounded share of its time;
what it does not come to is made when somebody needs it, as everywhere else.
"""

import logging
import os
import sys
import threading
import time

from sessions_app.domain.errors import SessionError, SessionNotFound
from sessions_app.services.topics import annotations

logger = logging.getLogger(__name__)

# Of a core: what is left for everything else that this process does.
SHARE = 0.05
NICENESS = 10
# A session that has much to catch up on makes room for the others after so long.
_AT_ONCE_SECONDS = 0.25
# Beyond this many, the one that has waited longest is left to whoever needs it.
MOST_WAITING = 10_000


class JudgeAhead:
    """The sessions that wait to be judged, and the thread that does it from `start` to `stop`."""

    def __init__(self) -> None:
        self._waiting: dict[str, str] = {}
        self._judging = False
        self._news = threading.Condition()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Judge from now on."""
        with self._news:
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="topics", daemon=True)
                self._thread.start()

    def stop(self, *, seconds: float = 2.0) -> None:
        """Judge no more; what waits is left."""
        with self._news:
            thread, self._thread = self._thread, None
            self._waiting.clear()
            self._news.notify_all()
        if thread is not None:
            thread.join(seconds)

    @property
    def waiting(self) -> int:
        """How many sessions wait, the one at hand included."""
        return len(self._waiting) + self._judging

    def later(self, *, session_id: str, user_id: str) -> None:
        """Judge what this session has that is not judged; nothing in a process that has no thread.

        A session waits once, however much is said in it meanwhile.
        """
        with self._news:
            if self._thread is None:
                return
            self._waiting.setdefault(session_id, user_id)
            if self.waiting > MOST_WAITING:
                del self._waiting[next(iter(self._waiting))]
            self._news.notify_all()

    def _loop(self) -> None:
        me = threading.current_thread()
        _give_way()
        while True:
            with self._news:
                self._news.wait_for(lambda: self._waiting or self._thread is not me)
                if self._thread is not me:
                    return
                # Taken out before: what is said from here on makes it wait once more.
                session_id = next(iter(self._waiting))
                user_id = self._waiting.pop(session_id)
                self._judging = True
            started = time.monotonic()
            if not self._judge(session_id, user_id):
                self.later(session_id=session_id, user_id=user_id)
            self._judging = False
            spent = time.monotonic() - started
            with self._news:
                rest = spent * (1 - SHARE) / SHARE
                self._news.wait_for(lambda: self._thread is not me, rest)

    @staticmethod
    def _judge(session_id: str, user_id: str) -> bool:
        """Whether nothing is left to judge."""
        try:
            return annotations.catch_up(
                session_id=session_id, user_id=user_id, seconds=_AT_ONCE_SECONDS
            ).complete
        except SessionNotFound:
            return True
        except SessionError as error:
            logger.warning("topics cannot be judged at the moment: %s", error.detail)
        except Exception:
            logger.exception("session %s could not be judged", session_id)
        return True


def _give_way() -> None:
    """Let this thread run when no other wants its core; Linux has a niceness for each."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


judge_ahead = JudgeAhead()
