"""A turn as the server-sent events of the chat routes."""

from collections.abc import Sequence
from typing import Any

import orjson
from django.http import StreamingHttpResponse

from sessions_app.api.wire import messages as message_wire
from sessions_app.api.wire import turns as turn_wire
from sessions_app.http import event_stream
from sessions_app.http.event_stream import TurnSource
from sessions_app.services import turns
from sessions_app.services.turns import Event, Place, Reader


def response(reader: Reader) -> StreamingHttpResponse:
    """The answer that streams what `reader` reads."""
    return event_stream.response(TurnSource(reader, _encoded))


def _encoded(events: Sequence[tuple[Place, Event]]) -> bytes:
    return b"".join(_event(place, event) for place, event in events)


def _event(place: Place, event: Event) -> bytes:
    name, data = _named(event)
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(place).encode(), name, orjson.dumps(data))


def _named(event: Event) -> tuple[bytes, Any]:
    match event:
        case turns.Context():
            # Absent where the turn replies to a message that was stored before.
            user_message = event.user_message and message_wire.message(event.user_message)
            return b"context", turn_wire.seen(event.seen) | {"user_message": user_message}
        case turns.Delta():
            return b"delta", {"text": event.text}
        case turns.Stored():
            return b"message", message_wire.message(event.message)
        case turns.Failed():
            return b"error", {"code": event.error.code, "detail": event.error.detail}
        case turns.Done():
            return b"done", {"state": event.state}
