"""What a turn gives off while it runs, for any number of readers in this process.

A reader's place is a number of characters of the reply, which means the same in every process: a
client that lost its connection goes on at any worker without a character lost or doubled.
"""

import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sessions_app.domain.data import Message
from sessions_app.domain.errors import SessionError
from sessions_app.domain.turns import Seen, TurnState


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended. `message` is the stored reply, None where there is none.

    `state` is `running` where this process has stopped following it.
    """

    state: TurnState
    message: Message | None = None
    error: SessionError | None = None


class Feed:
    """One turn, written by whoever runs or follows it and read by those who wait for it."""

    def __init__(self, session_id: str, user_id: str, turn_id: str, begun_at: datetime) -> None:
        self.begun_at = begun_at
        self.session_id = session_id
        self.user_id = user_id
        self.turn_id = turn_id
        self.seen: Seen | None = None
        self.user_message: Message | None = None
        self.outcome: Outcome | None = None
        self._pieces: list[str] = []
        self._ends: list[int] = []
        self._news = threading.Condition()
        self._wakers: list[Callable[[], None]] = []

    @property
    def length(self) -> int:
        """Characters of the reply so far."""
        return self._ends[-1] if self._ends else 0

    @property
    def text(self) -> str:
        """The reply so far."""
        return "".join(self._pieces)

    def since(self, place: int) -> str:
        """The reply from `place` on, as far as it is there."""
        with self._news:
            first = bisect_right(self._ends, place)
            if first == len(self._ends):
                return ""
            skipped = place - (self._ends[first - 1] if first else 0)
            return "".join([self._pieces[first][skipped:], *self._pieces[first + 1 :]])

    def show(self, seen: Seen, user_message: Message | None) -> None:
        """Tell what the model is sent, and the message that it is to answer."""
        with self._news:
            self.seen, self.user_message = seen, user_message
        self._tell()

    def add(self, piece: str) -> None:
        """Tell the next piece of the reply; not empty."""
        with self._news:
            self._pieces.append(piece)
            self._ends.append(self.length + len(piece))
        self._tell()

    def catch_up(self, text: str) -> None:
        """Tell what `text`, the whole reply so far, has beyond what is known."""
        if len(text) > self.length:
            self.add(text[self.length :])

    def finish(self, outcome: Outcome) -> None:
        """Tell how it ended; only the first time counts."""
        with self._news:
            self.outcome = self.outcome or outcome
        self._tell()

    def wait(self, condition: Callable[[], bool], seconds: float) -> bool:
        """Wait until there is news that meets `condition`, or for so long; whether it is met."""
        with self._news:
            return self._news.wait_for(condition, seconds)

    def wake(self, waker: Callable[[], None]) -> None:
        """Call `waker`, once, at the next news; from another thread, and it must not block."""
        with self._news:
            self._wakers.append(waker)

    def _tell(self) -> None:
        with self._news:
            self._news.notify_all()
            wakers, self._wakers = self._wakers, []
        for waker in wakers:
            waker()
