"""Bulk work that gives way to requests: while these come, it rests for twice as long as it works.

Bytes are received, hashed and stored in pieces, and each piece is a turn. While no other request
comes, turns follow one another at once, on as many threads as there are; otherwise one at a time in
this process, each with a rest behind it.
"""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

# Others are being answered when the last of their requests came so lately.
LATELY_SECONDS = 1.0
# A worker's bulk work takes a third of a core then, and MongoDB's work for it about as much.
RESTS = 2
# However long a piece has taken, others have had enough time after so long.
REST_SECONDS_MAX = 0.25


class Pace:
    """The turns of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")

    def request_came(self) -> None:
        """Somebody waits for an answer that is no bulk work."""
        self._asked_at = time.monotonic()

    @property
    def gives_way(self) -> bool:
        """Whether others are being answered."""
        return time.monotonic() - self._asked_at < LATELY_SECONDS

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One piece of bulk work on a thread: the block, and a rest where others need one."""
        if not self.gives_way:
            yield
            return
        with self._lock:
            began = time.monotonic()
            yield
            time.sleep(_rest(began))

    @asynccontextmanager
    async def turn_on_loop(self, lock: asyncio.Lock, seconds: float) -> AsyncIterator[None]:
        """One piece of what the loop of `lock` does; it is taken to work for `seconds` at least."""
        if not self.gives_way:
            yield
            return
        async with lock:
            began = time.monotonic()
            yield
            await asyncio.sleep(max(seconds, _rest(began)))


def _rest(began: float) -> float:
    return min(RESTS * (time.monotonic() - began), REST_SECONDS_MAX)


pace = Pace()
