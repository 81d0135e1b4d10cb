"""The description of the chat routes, with examples."""

import json

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from sessions_app.api.description.errors import responses
from sessions_app.api.description.examples import (
    IDEMPOTENCY,
    MESSAGE_EXAMPLE,
    SESSION_ID,
    request_example,
    response_example,
)
from sessions_app.api.wire import turns as wire
from sessions_app.http.description import STORE, TURN_WAIT

_TURN = "turn_01932c0790f47e5a8d0b6c1f2a3b4c5d"
_REPLY = MESSAGE_EXAMPLE | {
    "id": "msg_01932c0799b07c10a1b2c3d4e5f60718",
    "seq": 2,
    "role": "assistant",
    "content": "Three that I know of.",
    "timestamp": "2026-11-22T10:00:02.480Z",
    "token_count": 6,
    "client_id": None,
    "generation": {
        "turn_id": _TURN,
        "reply_to": 1,
        "model": "gemma-3-270m",
        "finish_reason": "stop",
        "prompt_tokens": 24,
        "completion_tokens": 7,
    },
}
_CONTEXT = {
    "token_count": 12,
    "max_tokens": 4000,
    "strategy": "hybrid",
    "kept": 1,
    "dropped": 0,
    "seqs": [[1, 1]],
    "summary": None,
    "user_message": MESSAGE_EXAMPLE,
}
_TURN_EXAMPLE = {
    "user_message": MESSAGE_EXAMPLE,
    "assistant_message": _REPLY,
    "context": {"token_count": 12, "kept": 1, "dropped": 0},
}
_EVENTS = "".join(
    f"id: {_TURN}:{position}\nevent: {name}\ndata: {json.dumps(data)}\n\n"
    for position, name, data in (
        (0, "context", _CONTEXT),
        (5, "delta", {"text": "Three"}),
        (21, "delta", {"text": " that I know of."}),
        ("message", "message", _REPLY),
        ("end", "done", {"state": "done"}),
    )
)
_STREAM = """
`text/event-stream`. `context` comes first and says what the model is sent; `delta`s
`{text}` follow, and `reasoning` `{text}` where the model's server tells its thoughts; then
`tool_calls` `{tool_calls}` where the model calls tools; then the stored `message`, then `done`
`{state}`. A failure ends the stream with
`error` `{code, detail}` instead. Each event has an `id`, from which
`GET /session/{id}/chat/stream` goes on; lines that begin with a colon are heartbeats.
"""
_TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
_LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The `id` of the last event that was received; what follows it is sent.",
)


def _stream_example() -> OpenApiExample:
    return OpenApiExample(
        "Events",
        value=_EVENTS,
        response_only=True,
        status_codes=["200"],
        media_type="text/event-stream",
    )


def _answers() -> dict[tuple[int, str], object]:
    return {
        (200, "application/json"): OpenApiResponse(wire.TurnOutput, "The reply, stored."),
        (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, _STREAM),
    }


def _json_example() -> OpenApiExample:
    return OpenApiExample(
        "A turn",
        value=_TURN_EXAMPLE,
        response_only=True,
        status_codes=["200"],
        media_type="application/json",
    )


chat_create = extend_schema(
    operation_id="chat_create",
    parameters=[SESSION_ID, IDEMPOTENCY, TURN_WAIT, STORE],
    request=wire.ChatInput,
    responses=responses(_answers(), 400, 404, 409, 410, 413, 422, 502, 504),
    examples=[
        request_example(
            "A question, streamed",
            {
                "content": "Which hotels in Lisbon take dogs?",
                "client_id": "4f1c0a52",
                "stream": True,
            },
        ),
        request_example("With a tool", {"content": "Is it warm in Lisbon?", "tools": [_TOOL]}),
        request_example(
            "The result of a tool",
            {"messages": [{"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"}]},
        ),
        _json_example(),
        _stream_example(),
    ],
)
chat_regenerate = extend_schema(
    operation_id="chat_regenerate",
    parameters=[SESSION_ID, IDEMPOTENCY, TURN_WAIT],
    request=wire.RegenerateInput,
    responses=responses(_answers(), 400, 404, 409, 410, 422, 502, 504),
    examples=[
        request_example("Another reply", {"client_id": "9b2d77e1"}),
        _json_example(),
        _stream_example(),
    ],
)
chat_stream = extend_schema(
    operation_id="chat_stream",
    parameters=[SESSION_ID, _LAST_EVENT_ID],
    responses=responses(
        {
            (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, _STREAM),
            204: OpenApiResponse(description="No turn is in progress."),
        },
        404,
        410,
    ),
    examples=[_stream_example()],
)
chat_cancel = extend_schema(
    operation_id="chat_cancel",
    parameters=[SESSION_ID],
    request=None,
    responses=responses(
        {
            200: OpenApiResponse(
                wire.CancelledOutput, "Stopped; what the model had said is stored."
            ),
            204: OpenApiResponse(description="No turn is in progress."),
        },
        404,
        410,
        502,
    ),
    examples=[
        response_example(
            "Stopped",
            {
                "state": "cancelled",
                "assistant_message": _REPLY
                | {"content": "Three", "generation": _REPLY["generation"]},
            },
        )
    ],
)
