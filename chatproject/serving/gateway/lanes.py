"""Threads on which the event loop has work done, one piece after another.

A `ThreadPoolExecutor` of one thread is the same and takes twice the time: a lock and a condition
for its queue, and a future of its own beside that of the loop.
"""

import asyncio
import atexit
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Args = TypeVarTuple("Args")

_Work = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[..., Any], tuple[Any, ...]]


class Lane:
    """One thread, which starts with its first work and ends with this object or the process."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._work = SimpleQueue[_Work | None]()
        self._thread: threading.Thread | None = None
        weakref.finalize(self, self._work.put, None)

    def call(self, work: Callable[[*Args], T], *args: *Args) -> "asyncio.Future[T]":
        """What `work` gives, on this thread; called on the event loop.

        Whoever cancels the future waits no longer; the work goes on.
        """
        loop = asyncio.get_running_loop()
        outcome: asyncio.Future[T] = loop.create_future()
        if self._thread is None:
            # A daemon, as nothing else would end it: `_finish` waits for what it has begun.
            self._thread = threading.Thread(
                target=_work_off, args=(self._work,), name=self._name, daemon=True
            )
            self._thread.start()
            _lanes.add(self)
        self._work.put((loop, outcome, work, args))
        return outcome

    def finish(self) -> None:
        """Wait until all work is done, and end the thread."""
        if self._thread is not None:
            self._work.put(None)
            self._thread.join()


def _work_off(pieces: "SimpleQueue[_Work | None]") -> None:
    """Do what comes, until None comes."""
    while (piece := pieces.get()) is not None:
        loop, outcome, work, args = piece
        result, error = None, None
        try:
            result = work(*args)
        except BaseException as raised:  # noqa: BLE001 - whoever waits gets it
            error = raised
        # The loop may have ended, and with it whoever waited.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, outcome, result, error)
        # Nothing of a request is kept until the next one comes.
        del piece, loop, outcome, work, args, result, error


def _settle(outcome: "asyncio.Future[Any]", result: Any, error: BaseException | None) -> None:
    if outcome.done():
        return
    if error is None:
        outcome.set_result(result)
    else:
        outcome.set_exception(error)


_lanes: "weakref.WeakSet[Lane]" = weakref.WeakSet()


@atexit.register
def _finish() -> None:
    """A process ends when what its threads have begun is done."""
    for lane in list(_lanes):
        lane.finish()
