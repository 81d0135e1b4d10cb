"""What this process remembers of a session, so that an append needs one round trip."""

import threading
from collections import OrderedDict
from typing import NamedTuple


class Remembered(NamedTuple):
    """The two facts an append depends on; its guard makes a stale memory harmless."""

    tail_start: int
    ttl_seconds: int | None


# Right for every session that is short and has no timeout of its own: most of them.
UNKNOWN = Remembered(tail_start=1, ttl_seconds=None)


class Memory:
    """The sessions last written by this process, the oldest forgotten first."""

    def __init__(self, capacity: int = 20_000) -> None:
        self._capacity = capacity
        self._known: OrderedDict[str, Remembered] = OrderedDict()
        self._lock = threading.Lock()

    def recall(self, session_id: str) -> Remembered:
        """What is remembered, or the likeliest guess."""
        return self._known.get(session_id, UNKNOWN)

    def remember(self, session_id: str, *, tail_start: int, ttl_seconds: int | None) -> None:
        """Keep what MongoDB just said."""
        with self._lock:
            self._known[session_id] = Remembered(tail_start, ttl_seconds)
            self._known.move_to_end(session_id)
            if len(self._known) > self._capacity:
                self._known.popitem(last=False)

    def forget(self) -> None:
        """Know nothing, as a new process does."""
        with self._lock:
            self._known.clear()


memory = Memory()
