"""A turn as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import orjson
from django.http import StreamingHttpResponse

from sessions_app.api import wire, wire_turns
from sessions_app.services import turn_events
from sessions_app.services.turn_events import Event, Place, Reader

# Shorter than what proxies take for an idle connection.
HEARTBEAT_SECONDS = 12.0
# What comes within this time of the last event goes out in one: ten times a second is a flow to
# whoever reads it, and of two hundred streams each event costs what a small request does. Nobody
# waits so for the first words.
GATHER_SECONDS = 0.1
_HEARTBEAT = b": \n\n"
# Tells at once that the stream is open, also through what buffers little answers.
_OPENING = b": stream\n\n"

HEADERS = {
    "Cache-Control": "no-store",
    # nginx buffers answers of what it proxies unless it is told not to
    "X-Accel-Buffering": "no",
}


class EventStream:
    """The events that a reader has not read yet, as bytes; for a thread, or for an event loop."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def __iter__(self) -> Iterator[bytes]:
        """Block until there is something."""
        reader = self._reader
        yield _OPENING
        while not reader.ended:
            if reader.feed.wait(lambda: reader.has_news, HEARTBEAT_SECONDS):
                yield self._news()
            else:
                yield _HEARTBEAT

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The same without a thread."""
        reader, loop = self._reader, asyncio.get_running_loop()
        sent = -math.inf
        yield _OPENING
        while not reader.ended:
            news = loop.create_future()
            # Before the look: what comes in between wakes it, too.
            reader.feed.wake(_waker(loop, news))
            if not reader.has_news:
                timer = loop.call_later(HEARTBEAT_SECONDS, _settle, news, False)
                happened = await news
                timer.cancel()
                if not happened:
                    yield _HEARTBEAT
                    continue
            early = sent + GATHER_SECONDS - loop.time()
            if reader.begun and early > 0:
                await asyncio.sleep(early)
            if reader.has_news:
                sent = loop.time()
                yield self._news()

    def _news(self) -> bytes:
        return b"".join(_encoded(place, event) for place, event in self._reader.take())


def _waker(loop: asyncio.AbstractEventLoop, news: "asyncio.Future[bool]") -> Callable[[], None]:
    def wake() -> None:
        # A loop that has stopped waits for nothing.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(_settle, news, True)

    return wake


def _settle(news: "asyncio.Future[bool]", happened: bool) -> None:
    if not news.done():
        news.set_result(happened)


def response(reader: Reader) -> StreamingHttpResponse:
    """The answer that streams what `reader` reads; `events` is what an event loop may iterate."""
    stream = EventStream(reader)
    answer = StreamingHttpResponse(stream, content_type="text/event-stream", headers=HEADERS)
    answer.events = stream  # type: ignore[attr-defined]
    return answer


def _encoded(place: Place, event: Event) -> bytes:
    name, data = _named(event)
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(place).encode(), name, orjson.dumps(data))


def _named(event: Event) -> tuple[bytes, Any]:
    match event:
        case turn_events.Context():
            return b"context", wire_turns.seen(event.seen) | {
                "user_message": wire.message(event.user_message) if event.user_message else None
            }
        case turn_events.Delta():
            return b"delta", {"text": event.text}
        case turn_events.Stored():
            return b"message", wire.message(event.message)
        case turn_events.Failed():
            return b"error", {"code": event.error.code, "detail": event.error.detail}
        case turn_events.Done():
            return b"done", {"state": event.state}
