"""A turn as the server-sent events of the chat routes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from django.http import StreamingHttpResponse
from rest_framework.request import Request

from sessions_app.api.errors import of_the_provider
from sessions_app.api.wire import messages as message_wire
from sessions_app.api.wire import turns as turn_wire
from sessions_app.domain.errors import ProviderBusy, ProviderRefused, SessionError
from sessions_app.http import event_stream
from sessions_app.http.event_stream import TurnSource
from sessions_app.http.statuses import status_of
from sessions_app.services import turns
from sessions_app.services.turns import Event, Place, Reader


def response(request: Request, reader: Reader) -> StreamingHttpResponse:
    """The answer that streams what `reader` reads."""
    return event_stream.response(request, TurnSource(reader, _encoded))


def _encoded(events: Sequence[tuple[Place, Event]]) -> bytes:
    return b"".join(_event(position, event) for position, event in events)


def _event(position: Place, event: Event) -> bytes:
    written = b""
    if isinstance(event, turns.Stored) and event.message.tool_calls:
        # Under the position before the message, from which a reader goes on that has not got it.
        calls = {"tool_calls": event.message.tool_calls}
        written = _written(replace(position, past=""), b"tool_calls", calls)
    return written + _written(position, *_named(event))


def _written(position: Place, name: bytes, data: Any) -> bytes:
    return b"id: %s\nevent: %s\ndata: %s\n\n" % (str(position).encode(), name, orjson.dumps(data))


def _named(event: Event) -> tuple[bytes, Any]:
    match event:
        case turns.Context():
            # Absent where the turn replies to a message that was stored before.
            user_message = event.user_message and message_wire.message(event.user_message)
            return b"context", turn_wire.seen(event.seen) | {"user_message": user_message}
        case turns.Delta():
            return b"delta", {"text": event.text}
        case turns.Thinking():
            return b"reasoning", {"text": event.text}
        case turns.Stored():
            return b"message", message_wire.message(event.message)
        case turns.Failed():
            return b"error", _error(event.error)
        case turns.Done():
            return b"done", {"state": event.state}


def _error(error: SessionError) -> dict[str, Any]:
    """An error, with what a response would say of it in its status line and headers."""
    error_data: dict[str, Any] = {"code": error.code, "detail": error.detail}
    if error.attr:
        error_data["attr"] = error.attr
    if isinstance(error, ProviderRefused | ProviderBusy):
        error_data |= {"status": status_of(error), **of_the_provider(error)}
    if retry_after := getattr(error, "retry_after", None):
        error_data["retry_after"] = retry_after
    return error_data
