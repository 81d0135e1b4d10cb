"""Who is let in: a queue for each kind of request, with threads of its own.

A request begins at once where a thread is free. Else it waits, if its turn is likely to come within
`QUEUE_SECONDS`; if not, it is refused at once, so that its client can decide what to do. Nobody
waits longer than that, and who has gone meanwhile is not begun. All of this happens on the event
loop, so it takes no lock.
"""

import asyncio
import math
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, TypeVar

from chatproject.serving.gateway.lanes import Lane
from sessions_app.domain.errors import Overloaded

T = TypeVar("T")

# How much the newest request counts in the mean of how long requests take.
_NEWEST = 0.1
# When to come again: in each second as many as can be answered in it, from the soonest on.
_RETRY_SECONDS_MIN = 1.0
_RETRY_SECONDS_MAX = 20.0


class Gone(Exception):
    """The client left while its request waited."""


class Slot:
    """A thread for one request, from its beginning to its end.

    One and the same: what Django keeps for a thread, such as a connection of the accounts
    database, is then given back by the thread that took it.
    """

    def __init__(self, queue: "Queue", lane: Lane, caller: str) -> None:
        self.queue, self._lane, self.caller = queue, lane, caller
        self._is_released = False
        self.began = time.monotonic()

    async def call(self, work: Callable[..., T], *args: Any) -> T:
        """What `work` gives, on this thread."""
        return await self._lane.call(work, *args)

    def release(self) -> None:
        """Give the thread to the next request; may be called again."""
        if not self._is_released:
            self._is_released = True
            self.queue.take_back(self, self._lane)


class _Waiter:
    """A request in a queue; its future tells how its waiting ends."""

    def __init__(self, caller: str) -> None:
        self.caller = caller
        self.since = time.monotonic()
        self.slot: asyncio.Future[Slot] = asyncio.get_running_loop().create_future()


class Queue:
    """The requests of one kind, in this process.

    With `share`, no caller has more than so many threads at a time, however many are free.
    """

    def __init__(
        self,
        name: str,
        *,
        threads: int,
        seconds: float,
        longest: int,
        share: int | None = None,
    ) -> None:
        self.name, self.threads, self._share = name, threads, share
        self._seconds, self._longest = seconds, longest
        self._lanes = [Lane(f"{name}-{n}") for n in range(threads)]
        self._waiting: deque[_Waiter] = deque()
        self._running: set[Slot] = set()
        self._running_by = Counter[str]()
        self._mean = 0.0
        # The sum of the times at which what is running began.
        self._began = 0.0
        self.refused_at = float("-inf")
        self._next_retry = float("-inf")

    @property
    def waiting(self) -> int:
        """The requests that wait for a thread."""
        return len(self._waiting)

    @property
    def running(self) -> int:
        """The requests that have one."""
        return len(self._running)

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now has to wait."""
        return not self._lanes or bool(self._waiting)

    @property
    def oldest_seconds(self) -> float:
        """How long the first of those that wait has waited."""
        return time.monotonic() - self._waiting[0].since if self._waiting else 0.0

    async def enter(
        self, *, caller: str = "", watch: Callable[[], "asyncio.Future[None]"] | None = None
    ) -> Slot:
        """A thread for a request; raises Overloaded, or Gone when the client leaves before.

        `watch` gives what is done when the client leaves; it is called only where one has to wait.
        Whoever gets a slot releases it.
        """
        if self._lanes and not self._waiting and self._may_run(caller):
            return self._begin(caller)
        expected = self.expected_seconds(caller)
        if len(self._waiting) >= self._longest or expected > self._seconds:
            raise self._refusal()
        gone = None if watch is None else watch()
        return await self._queued(caller, gone, self._seconds)

    async def reenter(self, caller: str = "") -> Slot:
        """A thread for what is left of a request that has begun, which is not refused any more."""
        if self._lanes and not self._waiting and self._may_run(caller):
            return self._begin(caller)
        return await self._queued(caller, None, None)

    async def _queued(
        self, caller: str, gone: "asyncio.Future[None] | None", seconds: float | None
    ) -> Slot:
        waiter = _Waiter(caller)
        self._waiting.append(waiter)
        # Threads may be free where those in front have had their share.
        self._dispatch()
        try:
            return await self._wait(waiter, gone, seconds)
        finally:
            if waiter in self._waiting:
                self._waiting.remove(waiter)

    async def _wait(
        self, waiter: _Waiter, gone: "asyncio.Future[None] | None", seconds: float | None
    ) -> Slot:
        ends: list[asyncio.Future[Any]] = [waiter.slot, *([gone] if gone is not None else [])]
        try:
            await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise
        if gone is not None and gone.done():
            self._give_back(waiter)
            raise Gone
        if not waiter.slot.done():
            waiter.slot.cancel()
            raise self._refusal()
        return waiter.slot.result()

    @staticmethod
    def _give_back(waiter: _Waiter) -> None:
        if waiter.slot.done() and not waiter.slot.cancelled():
            waiter.slot.result().release()
        waiter.slot.cancel()

    def expected_seconds(self, caller: str = "") -> float:
        """How long one more request would wait.

        By how long requests take: in the mean of the last ones, or, where those that run now have
        taken longer already, by these. So it also knows when nothing has ended for a while.
        """
        pace = self._pace()
        expected = (len(self._waiting) + 1) / self.threads * pace
        if self._share is not None and caller:
            before = sum(waiter.caller == caller for waiter in self._waiting) + 1
            expected = max(expected, before / self._share * pace)
        return expected

    def _refusal(self) -> Overloaded:
        self.refused_at = now = time.monotonic()
        # A place in a queue that nobody keeps. However large the crowd, it comes back at the pace
        # at which it can be answered; to refuse it again and again would take much of the time.
        step = min(1.0, self._pace() / self.threads)
        self._next_retry = max(now + _RETRY_SECONDS_MIN, self._next_retry + step)
        if self._next_retry > now + _RETRY_SECONDS_MAX:
            self._next_retry = now + _RETRY_SECONDS_MIN
        return Overloaded(retry_after=math.ceil(self._next_retry - now))

    def _pace(self) -> float:
        """How many seconds a request takes at the moment."""
        if not self._running:
            return self._mean
        return max(self._mean, time.monotonic() - self._began / len(self._running))

    def _may_run(self, caller: str) -> bool:
        return self._share is None or not caller or self._running_by[caller] < self._share

    def _begin(self, caller: str) -> Slot:
        # The lane that was used last: few threads are started where few are needed.
        slot = Slot(self, self._lanes.pop(), caller)
        self._running.add(slot)
        self._running_by[caller] += 1
        self._began += slot.began
        return slot

    def take_back(self, slot: Slot, lane: Lane) -> None:
        """A request is over: its thread is the next one's."""
        self._running.discard(slot)
        self._running_by[slot.caller] -= 1
        if not self._running_by[slot.caller]:
            del self._running_by[slot.caller]
        # Set to 0 when it can be: a sum of differences drifts.
        self._began = self._began - slot.began if self._running else 0.0
        took = time.monotonic() - slot.began
        self._mean += _NEWEST * (took - self._mean)
        self._lanes.append(lane)
        self._dispatch()

    def _dispatch(self) -> None:
        """Give free threads to those who wait, in order, but for those who have their share."""
        while self._lanes:
            waiter = next((each for each in self._waiting if self._may_run(each.caller)), None)
            if waiter is None:
                return
            self._waiting.remove(waiter)
            if not waiter.slot.done():
                waiter.slot.set_result(self._begin(waiter.caller))
