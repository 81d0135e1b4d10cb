"""Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from django.http import StreamingHttpResponse

from sessions_app.services.turns import Event, Place, Reader

# Shorter than what proxies take for an idle connection.
HEARTBEAT_SECONDS = 12.0
# What comes within this time of the last event goes out in one: ten times a second is a flow to
# whoever reads it, and of two hundred streams each event costs what a small request does. Of very
# many streams each has fewer. Nobody waits so for the first words.
GATHER_SECONDS = 0.1
EVENTS_PER_SECOND = 500.0
HEARTBEAT = b": \n\n"
# Tells at once that the stream is open, also through what buffers little answers.
OPENING = b": stream\n\n"

HEADERS = {
    "Cache-Control": "no-store",
    # nginx buffers answers of what it proxies unless it is told not to
    "X-Accel-Buffering": "no",
}


class Source(Protocol):
    """What a stream is made of; read by one thread or one event loop, to its end."""

    @property
    def ended(self) -> bool:
        """Whether everything has been taken."""

    @property
    def begun(self) -> bool:
        """Whether the first words have been taken."""

    @property
    def has_news(self) -> bool:
        """Whether `take` would give something, or the end."""

    def wait(self, seconds: float) -> bool:
        """Wait for news, at most so long; whether there is some."""

    def wake(self, waker: Callable[[], None]) -> None:
        """Call `waker`, once, at the next news; from another thread, and it must not block."""

    def take(self) -> bytes:
        """The events since the last time, encoded."""

    def close(self) -> None:
        """Nobody reads on."""

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

    @property
    def begun(self) -> bool:
        """As `Source.begun`."""
        return self._reader.begun

    @property
    def has_news(self) -> bool:
        """As `Source.has_news`."""
        return self._reader.has_news

    def wait(self, seconds: float) -> bool:
        """As `Source.wait`."""
        return self._reader.feed.wait(lambda: self._reader.has_news, seconds)

    def wake(self, waker: Callable[[], None]) -> None:
        """As `Source.wake`."""
        self._reader.feed.wake(waker)

    def take(self) -> bytes:
        """As `Source.take`."""
        events = self._encode(self._reader.take())
        return events + self._last() if self._reader.ended else events

    def close(self) -> None:
        """A turn goes on when its reader has left."""

    def opening(self) -> bytes:
        """A comment, unless something else keeps the stream open: some clients know no comments."""
        return OPENING if self._heartbeat is None else b""

    def heartbeat(self) -> bytes:
        """As `Source.heartbeat`."""
        return HEARTBEAT if self._heartbeat is None else self._heartbeat()


class EventStream:
    """What has not been read of a source yet, as bytes; for a thread, or for an event loop."""

    # On the event loop, of which there is one in a process.
    _open = 0

    def __init__(self, source: Source) -> None:
        self._source = source

    def __iter__(self) -> Iterator[bytes]:
        """Block until there is something."""
        source = self._source
        if opening := source.opening():
            yield opening
        while not source.ended:
            yield source.take() if source.wait(HEARTBEAT_SECONDS) else source.heartbeat()

    def close(self) -> None:
        """The answer has been sent, or is not wanted any more."""
        self._source.close()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same without a thread."""
        source, loop = self._source, asyncio.get_running_loop()
        sent = -math.inf
        EventStream._open += 1
        try:
            if opening := source.opening():
                yield opening
            while not source.ended:
                # Before anything is asked to wake it: most of what comes costs the loop nothing.
                gather = max(GATHER_SECONDS, EventStream._open / EVENTS_PER_SECOND)
                early = sent + gather - loop.time()
                if source.begun and early > 0:
                    await asyncio.sleep(early)
                if source.has_news or await _happens(source, loop):
                    sent = loop.time()
                    yield source.take()
                else:
                    yield source.heartbeat()
        finally:
            EventStream._open -= 1


async def _happens(source: Source, loop: asyncio.AbstractEventLoop) -> bool:
    """Wait for news; False when it is time for a heartbeat."""
    news = loop.create_future()
    source.wake(_waker(loop, news))
    # What came before that would not wake it.
    if source.has_news:
        return True
    timer = loop.call_later(HEARTBEAT_SECONDS, _settle, news, False)
    try:
        await news
    finally:
        timer.cancel()
    return source.has_news


def _waker(loop: asyncio.AbstractEventLoop, news: "asyncio.Future[bool]") -> Callable[[], None]:
    def wake() -> None:
        # A loop that has stopped waits for nothing.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, news, True)

    return wake


def _settle(news: "asyncio.Future[bool]", happened: bool) -> None:
    if not news.done():
        news.set_result(happened)


def response(source: Source) -> StreamingHttpResponse:
    """The answer that streams `source`; its `events` is what an event loop may iterate."""
    stream = EventStream(source)
    answer = StreamingHttpResponse(stream, content_type="text/event-stream", headers=HEADERS)
    answer.events = stream  # type: ignore[attr-defined]
    return answer
