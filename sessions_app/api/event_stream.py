"""A turn as server-sent events, as the chat routes tell it."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.http import StreamingHttpResponse

from sessions_app.api.wire import turns as wire_turns
from sessions_app.api.wire import values as wire
from sessions_app.http import event_stream
from sessions_app.http.event_stream import EventStream, TurnSource
from sessions_app.services.turns import events as turn_events
from sessions_app.services.turns.events import Event, Place, Reader


def response(reader: Reader) -> StreamingHttpResponse:
    """The answer that streams what `reader` reads."""
    return event_stream.response(TurnSource(reader, _encoded))


def stream_of(reader: Reader) -> EventStream:
    """Its body alone."""
    return EventStream(TurnSource(reader, _encoded))


def _encoded(events: Sequence[tuple[Place, Event]]) -> bytes:
    return b"".join(_event(place, event) for place, event in events)


def _event(place: Place, event: Event) -> bytes:
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
