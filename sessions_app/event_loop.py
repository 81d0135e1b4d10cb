"""The event loop on which this process waits for models: its server's, else one on a thread.

Views, services and commands are synchronous and run on threads. They give coroutines to the loop
with `submit`, and wait for them with `run`. A server that has a loop lends it for its life with
`lent`; in tests, in commands and under other servers the first call starts a loop on a thread.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class _Loops:
    """The loop of the server and the one on a thread, as far as they are there."""

    server: asyncio.AbstractEventLoop | None = None
    own: asyncio.AbstractEventLoop | None = None
    lock = threading.Lock()


@contextmanager
def lent() -> Iterator[None]:
    """Use the loop that runs this, for as long as the block."""
    _Loops.server = asyncio.get_running_loop()
    try:
        yield
    finally:
        _Loops.server = None


def current() -> asyncio.AbstractEventLoop:
    """The loop that work is given to."""
    return _Loops.server or _own()


def _own() -> asyncio.AbstractEventLoop:
    with _Loops.lock:
        if _Loops.own is None:
            _Loops.own = asyncio.new_event_loop()
            run = _Loops.own.run_forever
            threading.Thread(target=run, name="event loop", daemon=True).start()
        return _Loops.own


def call(act: Callable[..., object], *args: Any) -> None:
    """Have the loop call `act` soon; from any thread."""
    current().call_soon_threadsafe(act, *args)


def submit(work: Coroutine[Any, Any, T]) -> "Future[T]":
    """Have the loop do `work`; cancelling the future cancels the work."""
    return asyncio.run_coroutine_threadsafe(work, current())


def run(work: Coroutine[Any, Any, T]) -> T:
    """Wait for `work` on a thread other than the loop's, and give its result.

    Raises RuntimeError on the loop's own thread, which would wait for itself.
    """
    try:
        here = asyncio.get_running_loop()
    except RuntimeError:
        here = None
    if here is not None and here is current():
        work.close()
        raise RuntimeError("the event loop cannot wait for itself")
    return submit(work).result()
