"""Reads request bodies, within limits of length, time, rate, memory and disk.

A body is read before a thread is taken, so a slow one holds a connection and memory only. How long
it may hold these is bounded here. A file that is uploaded lies on the disk meanwhile, in a file
without a name: whatever ends this process, or the connection, leaves nothing.
"""

import asyncio
import io
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import IO, Any, cast

from django.conf import settings

from sessions_app.domain.errors import Overloaded, SlowBody, TooLarge
from sessions_app.http.waiting import Takes
from sessions_app.pace import pace

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]

# Before a rate is asked for: a connection may begin slowly, and most bodies are here by then.
GRACE_SECONDS = 5.0


_WITHOUT = frozenset({"GET", "HEAD"})


class Departed(Exception):
    """The client disconnected before its body was complete."""


# A form around a file: its boundaries, and fields beside it.
_FORM_BYTES = 65_536
# Of an upload, what is kept in memory: little enough for all connections at once.
_MEMORY_BYTES = 65_536
_WRITE_BYTES = 262_144
# A body that is longer is not received before its view has been asked. Shorter ones are mostly here
# by then.
_ASKED_BYTES = 131_072
# While others are answered, all uploads of this process together come no faster than so many bytes
# a second. Each takes its turn for a block; until then the client waits, and nothing is kept.
_SHARED_RATE = 16_777_216
ON_DISK = frozenset({Takes.A_FILE, Takes.AN_EXPORT})


def most_bytes(kind: Takes) -> int:
    """The largest body of a kind."""
    if kind is Takes.A_FILE:
        return int(settings.ATTACHMENT_MAX_BYTES) + _FORM_BYTES
    if kind is Takes.AN_EXPORT:
        return int(settings.IMPORT_MAX_BYTES) + _FORM_BYTES
    with_files = kind is Takes.FILES_IN_JSON
    return int(settings.REQUEST_WITH_FILES_MAX_BYTES if with_files else settings.REQUEST_MAX_BYTES)


class _Unread(io.RawIOBase):
    """In place of a body that was not wanted, for a view that asks for it all the same."""

    def readable(self) -> bool:
        """It can be tried."""
        return True

    def readinto(self, _: Any) -> int:
        """Nothing has been received, so that the client has to send it again."""
        raise Overloaded(retry_after=1)


def unread() -> IO[bytes]:
    """What stands in an environment until the body is there."""
    return cast(IO[bytes], _Unread())


def is_large(kind: Takes, scope: Scope) -> bool:
    """Whether a body is to be received only once its view has been asked for it."""
    length = _length(scope)
    if length is None:
        return kind is not Takes.A_MESSAGE
    return length > (0 if kind in ON_DISK else _ASKED_BYTES)


class Budget:
    """The bytes of all bodies that this process has read for requests which have not ended.

    In memory, and, of uploads, on disk.
    """

    def __init__(self) -> None:
        self.used = 0
        self.on_disk = 0
        # Of uploads, one block after the other is received while others are answered.
        self.turns = asyncio.Lock()

    def take(self, size: int, kind: Takes = Takes.A_MESSAGE) -> None:
        """Count bytes that are kept; raises Overloaded where they are too many."""
        if kind in ON_DISK:
            if self.on_disk + size > settings.UPLOADS_MAX_BYTES:
                raise Overloaded(retry_after=5)
            self.on_disk += size
            return
        if self.used + size > settings.BODIES_MAX_BYTES:
            raise Overloaded(retry_after=1)
        self.used += size

    def give_back(self, size: int, kind: Takes) -> None:
        """Bytes are not kept any more."""
        if kind in ON_DISK:
            self.on_disk -= size
        else:
            self.used -= size


class Body:
    """The body of one request; raises TooLarge, SlowBody, Overloaded or Departed while it is read.

    The limit of a body that names no length is for the view to notice: one byte more is read.
    """

    def __init__(self, budget: Budget, kind: Takes = Takes.A_MESSAGE) -> None:
        self._budget, self._kind = budget, kind
        self._size = 0
        self._kept: IO[bytes] = io.BytesIO()
        self._waiting: list[bytes] = []
        # How long this service has kept the client waiting, which is no slowness of the client's.
        self._paused = 0.0

    async def read(self, scope: Scope, receive: Receive) -> IO[bytes]:
        """The body, up to one byte over the limit, at its beginning."""
        limit = most_bytes(self._kind) + 1
        length = _length(scope)
        if length == 0 and scope["method"] in _WITHOUT:
            return self._kept
        if length is not None and length >= limit:
            raise TooLarge(f"The body may have at most {limit - 1} bytes.")
        if self._kind in ON_DISK:
            file = tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES)  # noqa: SIM115 - `forget`
            self._kept = cast(IO[bytes], file)
        began = time.monotonic()
        while True:
            message = await self._next(receive, began)
            if message["type"] == "http.disconnect":
                raise Departed
            part = message.get("body", b"")[: limit - self._size]
            self._budget.take(len(part), self._kind)
            self._size += len(part)
            self._waiting.append(part)
            is_last = not message.get("more_body") or self._size >= limit
            if is_last or sum(map(len, self._waiting)) >= _WRITE_BYTES:
                await self._write()
            if is_last:
                self._kept.seek(0)
                return self._kept

    async def _write(self) -> None:
        """Put what has come behind the rest; what goes to the disk does so on a thread."""
        block = b"".join(self._waiting)
        self._waiting.clear()
        if self._kind not in ON_DISK or self._size <= _MEMORY_BYTES:
            self._kept.write(block)
            return
        began = time.monotonic()
        async with pace.turn_on_loop(self._budget.turns, len(block) / _SHARED_RATE):
            await asyncio.get_running_loop().run_in_executor(None, self._kept.write, block)
        self._paused += time.monotonic() - began

    async def _next(self, receive: Receive, began: float) -> MutableMapping[str, Any]:
        allowed = min(GRACE_SECONDS + self._size / settings.BODY_MIN_RATE, settings.BODY_SECONDS)
        try:
            async with asyncio.timeout(began + self._paused + allowed - time.monotonic()):
                return await receive()
        except TimeoutError as error:
            raise SlowBody from error

    def forget(self) -> None:
        """The request has ended, and its bytes are not kept any more."""
        self._budget.give_back(self._size, self._kind)
        self._size = 0
        self._kept.close()

    @property
    def size(self) -> int:
        """How many bytes have come."""
        return self._size


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
def kept(budget: Budget, kind: Takes = Takes.A_MESSAGE) -> Iterator[Body]:
    """A body that counts against the budget, as long as the block."""
    body = Body(budget, kind)
    try:
        yield body
    finally:
        body.forget()
