"""What a session's counters say of its tail, and what this process remembers of it."""

import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple

from sessions_app.domain.limits import TAIL_MAX_BYTES, TAIL_MAX_MESSAGES


def has_outgrown(header: Mapping[str, Any]) -> bool:
    """Whether a tail is past its bounds. `header` is a stored session or its counters."""
    length = header["message_count"] - header["tail_start"] + 1
    return bool(length > TAIL_MAX_MESSAGES or header["tail_bytes"] > TAIL_MAX_BYTES)


class Remembered(NamedTuple):
    """The two facts that an append depends on. Its guard makes a stale memory harmless."""

    tail_start: int
    ttl_seconds: int | None


# Enough for several writers in front; where MongoDB does not answer, all ask it on their own.
PATIENCE_SECONDS = 0.1
# Right for every session that is short and has no timeout of its own: most of them.
UNKNOWN = Remembered(tail_start=1, ttl_seconds=None)


class Memory:
    """The sessions last written by this process, so that an append needs one round trip."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._capacity = capacity
        self._sessions: OrderedDict[str, Remembered] = OrderedDict()
        self._lock = threading.Lock()
        # Writers of different sessions rarely have the same, and then wait for one another in vain.
        # An append may be found to be another one, which is then made within it.
        self._turns = [threading.RLock() for _ in range(1_024)]

    @contextmanager
    def turn(self, session_id: str) -> Iterator[None]:
        """The block when it is this writer's turn at the session, or after a while in any case.

        Writers who meet in MongoDB repeat their work, as do those whose tail has been moved: with
        eight, each append was 1.1 updates and half a reading of the tail. This only saves work;
        what is right is settled by the guard of each update.
        """
        turn = self._turns[hash(session_id) % len(self._turns)]
        is_mine = turn.acquire(timeout=PATIENCE_SECONDS)
        try:
            yield
        finally:
            if is_mine:
                turn.release()

    def recall(self, session_id: str) -> Remembered:
        """What is remembered, or the likeliest guess."""
        # Without the lock: a dictionary's `get` is atomic, and a stale answer is harmless.
        return self._sessions.get(session_id, UNKNOWN)

    def remember(self, session_id: str, *, tail_start: int, ttl_seconds: int | None) -> None:
        """Keep what MongoDB just answered."""
        with self._lock:
            self._sessions[session_id] = Remembered(tail_start, ttl_seconds)
            self._mark_used(session_id)

    def confirm(self, session_id: str, remembered: Remembered) -> None:
        """An append that relied on this was stored; what is known by now is newer."""
        with self._lock:
            self._sessions.setdefault(session_id, remembered)
            self._mark_used(session_id)

    def _mark_used(self, session_id: str) -> None:
        """The session unused for longest is dropped."""
        self._sessions.move_to_end(session_id)
        if len(self._sessions) > self._capacity:
            self._sessions.popitem(last=False)

    def forget(self) -> None:
        """Know nothing, as a new process does."""
        with self._lock:
            self._sessions.clear()


memory = Memory()
