"""Reads request bodies, within limits of length, time, rate and memory.

A body is read before a thread is taken, so a slow one holds a connection and memory only. How long
it may hold these is bounded here.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

from django.conf import settings

from sessions_app.domain.errors import Overloaded, SlowBody, TooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# Before a rate is asked for: a connection may begin slowly, and most bodies are here by then.
GRACE_SECONDS = 5.0


_WITHOUT = frozenset({"GET", "HEAD"})


class Departed(Exception):
    """The client disconnected before its body was complete."""


class Budget:
    """The bytes of all bodies that this process has read for requests which have not ended."""

    def __init__(self) -> None:
        self.used = 0

    def take(self, size: int) -> None:
        """Count bytes that are kept; raises Overloaded where they are too many."""
        if self.used + size > settings.BODIES_MAX_BYTES:
            raise Overloaded(retry_after=1)
        self.used += size


class Body:
    """The body of one request; raises TooLarge, SlowBody, Overloaded or Departed while it is read.

    The limit of a body that names no length is for the view to notice: one byte more is read.
    """

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._size = 0

    async def read(self, scope: Scope, receive: Receive) -> bytes:
        """The body, up to one byte over the limit."""
        limit = settings.REQUEST_MAX_BYTES + 1
        length = _length(scope)
        if length == 0 and scope["method"] in _WITHOUT:
            return b""
        if length is not None and length >= limit:
            raise TooLarge(f"The body may have at most {limit - 1} bytes.")
        began, parts = time.monotonic(), list[bytes]()
        while True:
            message = await self._next(receive, began)
            if message["type"] == "http.disconnect":
                raise Departed
            part = message.get("body", b"")[: limit - self._size]
            self._budget.take(len(part))
            self._size += len(part)
            parts.append(part)
            if not message.get("more_body") or self._size >= limit:
                return b"".join(parts)

    async def _next(self, receive: Receive, began: float) -> MutableMapping[str, Any]:
        allowed = min(GRACE_SECONDS + self._size / settings.BODY_MIN_RATE, settings.BODY_SECONDS)
        try:
            async with asyncio.timeout(began + allowed - time.monotonic()):
                return await receive()
        except TimeoutError as error:
            raise SlowBody from error

    def forget(self) -> None:
        """The request has ended, and its bytes are not kept any more."""
        self._budget.used -= self._size
        self._size = 0


def _length(scope: Scope) -> int | None:
    """How long the body is said to be; None where that is not said."""
    length: int | None = 0
    for name, value in scope["headers"]:
        match name.lower():
            case b"transfer-encoding":
                return None
            case b"content-length" if value.isdigit():
                length = int(value)
    # RFC 9112, 6.3: without either there is no body.
    return length


@contextmanager
def kept(budget: Budget) -> Iterator[Body]:
    """A body that counts against the budget, as long as the block."""
    body = Body(budget)
    try:
        yield body
    finally:
        body.forget()
