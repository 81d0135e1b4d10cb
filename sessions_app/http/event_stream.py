"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from typing import Any, Protocol

from django.http import StreamingHttpResponse
from rest_framework.request import Request

from sessions_app import event_loop
from sessions_app.services.revocations import Bearer, is_revoked_meanwhile
from sessions_app.services.turns import Event, Place, Reader

# Shorter than what proxies take for an idle connection.
HEARTBEAT_SECONDS = 12.0
# How often a stream on which nothing happens looks whether its reader may still read.
REVOCATION_SECONDS = 1.0
HEARTBEAT = b": \n\n"
# Tells at once that the stream is open, also through what buffers little answers.
OPENING = b": stream\n\n"

HEADERS = {
    "Cache-Control": "no-store",
    # nginx buffers answers of what it proxies unless it is told not to
    "X-Accel-Buffering": "no",
}


class Source(Protocol):
    """What a stream is made of; read to its end on the event loop."""

    @property
    def ended(self) -> bool:
        """Whether everything has been taken."""

    async def wait(self, seconds: float) -> bool:
        """Wait for news, at most so long; whether there is some."""

    def take(self) -> bytes:
        """The events since the last time, encoded."""

    def close(self) -> None:
        """Nobody reads on; from any thread."""

    def opening(self) -> bytes:
        """What tells at once that the stream is open; perhaps nothing."""

    def heartbeat(self) -> bytes:
        """What keeps the connection open while nothing happens."""


class TurnSource:
    """A turn as events; `encode` writes some of them, `last` what follows the very last."""

    def __init__(
        self,
        reader: Reader,
        encode: Callable[[Sequence[tuple[Place, Event]]], bytes],
        last: Callable[[], bytes] = bytes,
        heartbeat: Callable[[], bytes] | None = None,
    ) -> None:
        self._reader, self._encode, self._last = reader, encode, last
        self._heartbeat = heartbeat

    @property
    def ended(self) -> bool:
        """As `Source.ended`."""
        return self._reader.ended

    async def wait(self, seconds: float) -> bool:
        """As `Source.wait`."""
        return await self._reader.wait(seconds)

    def take(self) -> bytes:
        """As `Source.take`."""
        events = self._encode(self._reader.take())
        return events + self._last() if self._reader.ended else events

    def close(self) -> None:
        """A turn goes on when its reader has left."""
        self._reader.close()

    def opening(self) -> bytes:
        """A comment, unless something else keeps the stream open: some clients know no comments."""
        return OPENING if self._heartbeat is None else b""

    def heartbeat(self) -> bytes:
        """As `Source.heartbeat`."""
        return HEARTBEAT if self._heartbeat is None else self._heartbeat()


class EventStream:
    """What has not been read of a source yet, as bytes; for the event loop, or for a thread."""

    def __init__(self, source: Source, bearer: Bearer) -> None:
        self._source, self._bearer = source, bearer

    def __iter__(self) -> Iterator[bytes]:
        """The same as on the event loop, for a thread, which waits."""
        chunks = self.__aiter__()
        try:
            while chunk := event_loop.run(_next(chunks)):
                yield chunk
        finally:
            event_loop.submit(_closed(chunks))

    def close(self) -> None:
        """The answer has been sent, or is not wanted any more."""
        self._source.close()

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        """What is there, and what comes; a heartbeat where nothing does.

        It ends early once its reader's token is revoked: they may read nothing more.
        """
        source, loop = self._source, asyncio.get_running_loop()
        quiet_since = loop.time()
        if opening := source.opening():
            yield opening
        while not source.ended and not await is_revoked_meanwhile(self._bearer):
            if await source.wait(min(HEARTBEAT_SECONDS, REVOCATION_SECONDS)):
                quiet_since = loop.time()
                yield source.take()
            elif loop.time() - quiet_since >= HEARTBEAT_SECONDS:
                quiet_since = loop.time()
                yield source.heartbeat()


async def _next(chunks: AsyncGenerator[bytes, None]) -> bytes:
    """The next chunk that is not empty; nothing at the end."""
    async for chunk in chunks:
        if chunk:
            return chunk
    return b""


async def _closed(chunks: AsyncGenerator[bytes, None]) -> None:
    await chunks.aclose()


def response(request: Request, source: Source) -> StreamingHttpResponse:
    """The answer that streams `source`; its `events` is what an event loop may iterate."""
    user: Any = request.user
    bearer = Bearer(str(user.pk), user.token_generation, getattr(user, "sign_in", ""))
    stream = EventStream(source, bearer)
    answer = StreamingHttpResponse(stream, content_type="text/event-stream", headers=HEADERS)
    answer.events = stream  # type: ignore[attr-defined]
    return answer
