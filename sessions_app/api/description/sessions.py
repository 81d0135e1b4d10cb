"""The API's description (OpenAPI 3): what each session route takes and answers, with examples."""

import json
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from sessions_app.api import serializers as s
from sessions_app.api import wire
from sessions_app.api.description.errors import responses

_ID = "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"
_POLICY = {
    "strategy": "hybrid",
    "max_tokens": 4000,
    "max_messages": 1000,
    "on_topic_shift": "adjust",
}
MESSAGE_EXAMPLE = {
    "id": "msg_01932c0790f27a33a4a2f7c1d9e05b18",
    "seq": 1,
    "role": "user",
    "content": "Which hotels in Lisbon take dogs?",
    "timestamp": "2026-11-22T10:00:00.250Z",
    "token_count": 7,
    "topic": None,
    "topic_shift": False,
    "client_id": "4f1c0a52",
    "name": None,
    "tool_calls": None,
    "tool_call_id": None,
    "metadata": {},
    "deleted": False,
    "generation": None,
    "superseded_by": None,
}
SESSION_EXAMPLE = {
    "session_id": _ID,
    "user_id": "01932c05-11ab-7c60-9f11-0d2a6c3b7e44",
    "title": "Lisbon",
    "status": "active",
    "created_at": "2026-11-22T09:59:58.120Z",
    "updated_at": "2026-11-22T10:00:00.250Z",
    "expires_at": "2026-12-22T10:00:00.250Z",
    "message_count": 1,
    "token_count": 7,
    "metadata": {"channel": "web"},
    "context_policy": _POLICY,
    "context_start": 1,
    "topic": None,
    "turn_in_progress": False,
}
_MARKDOWN = f"""# Lisbon

Session {_ID}, created 2026-11-22T09:59:58.120Z

## 1. User, 2026-11-22T10:00:00.250Z

Which hotels in Lisbon take dogs?
"""
_PAGE_URL = "http://127.0.0.1:8000/session?cursor=WzE3MzIyNzA0MDAyNTAsIjAxIiwwXQ"

SESSION_ID = OpenApiParameter("session_id", OpenApiTypes.STR, OpenApiParameter.PATH)
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="Serves as the `client_id` of a message that has none.",
)
_IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag that was read; another version answers 412.",
)


class SessionExport(wire.SessionOutput):
    """A session with all its messages, oldest first."""

    messages = wire.MessageOutput(many=True)


def request_example(name: str, value: Any) -> OpenApiExample:
    """An example of what a client sends."""
    return OpenApiExample(name, value=value, request_only=True)


def response_example(name: str, value: Any, *statuses: str) -> OpenApiExample:
    """An example of what it gets."""
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=list(statuses or ("200",))
    )


def _file(name: str, media_type: str, value: Any) -> OpenApiExample:
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=["200"], media_type=media_type
    )


session_create = extend_schema(
    operation_id="session_create",
    request=s.SessionInput,
    responses=responses({201: wire.SessionOutput}, 400, 413),
    examples=[
        request_example(
            "With a prompt",
            {"title": "Lisbon", "system_prompt": "You plan trips.", "metadata": {"channel": "web"}},
        ),
        response_example("Created", SESSION_EXAMPLE, "201"),
    ],
)
session_list = extend_schema(
    operation_id="session_list",
    parameters=[s.ListQuery],
    responses=responses({200: wire.SessionPageOutput}, 400),
    examples=[
        response_example(
            "A page", {"next": _PAGE_URL, "previous": None, "results": [SESSION_EXAMPLE]}
        ),
    ],
)
session_retrieve = extend_schema(
    operation_id="session_retrieve",
    parameters=[SESSION_ID, s.NewestQuery],
    responses=responses({200: wire.SessionWithMessages}, 400, 404, 410),
    examples=[
        response_example(
            "Read", SESSION_EXAMPLE | {"messages": [MESSAGE_EXAMPLE], "has_more": False}
        )
    ],
)
session_update = extend_schema(
    operation_id="session_update",
    parameters=[SESSION_ID, _IF_MATCH],
    request=s.SessionChanges,
    responses=responses({200: wire.SessionOutput}, 400, 404, 409, 410, 412),
    examples=[
        request_example("A new title", {"title": "Lisbon in May"}),
        response_example("Changed", SESSION_EXAMPLE | {"title": "Lisbon in May"}),
    ],
)
session_delete = extend_schema(
    operation_id="session_delete",
    parameters=[SESSION_ID],
    responses=responses(
        {204: OpenApiResponse(description="Deleted, with all its messages.")}, 404, 409
    ),
)
session_fork = extend_schema(
    operation_id="session_fork",
    parameters=[SESSION_ID],
    request=s.ForkInput,
    responses=responses({201: wire.SessionOutput}, 400, 404, 410),
    examples=[
        request_example("From an earlier message", {"up_to_seq": 1, "title": "Porto instead"}),
        response_example("Created", SESSION_EXAMPLE | {"title": "Porto instead"}, "201"),
    ],
)
session_archive = extend_schema(
    operation_id="session_archive",
    parameters=[SESSION_ID],
    request=None,
    responses=responses({200: wire.SessionOutput}, 404, 410),
    examples=[
        response_example("Archived", SESSION_EXAMPLE | {"status": "archived", "expires_at": None})
    ],
)
session_restore = extend_schema(
    operation_id="session_restore",
    parameters=[SESSION_ID],
    request=None,
    responses=responses({200: wire.SessionOutput}, 404, 410),
    examples=[response_example("Restored", SESSION_EXAMPLE)],
)
session_export = extend_schema(
    operation_id="session_export",
    parameters=[SESSION_ID, s.ExportQuery],
    responses=responses(
        {
            (200, "application/json"): SessionExport,
            (200, "application/x-ndjson"): OpenApiTypes.STR,
            (200, "text/markdown"): OpenApiTypes.STR,
        },
        400,
        404,
        410,
    ),
    examples=[
        _file("JSON", "application/json", SESSION_EXAMPLE | {"messages": [MESSAGE_EXAMPLE]}),
        _file("JSON lines", "application/x-ndjson", json.dumps(MESSAGE_EXAMPLE) + "\n"),
        _file("Markdown", "text/markdown", _MARKDOWN),
    ],
)
message_append = extend_schema(
    operation_id="message_append",
    parameters=[SESSION_ID, IDEMPOTENCY],
    request=s.MessageInput,
    responses=responses(
        {
            201: wire.MessageOutput,
            200: OpenApiResponse(
                wire.MessageOutput, "The key was known; this is what it stands for."
            ),
        },
        400,
        404,
        409,
        410,
        413,
        422,
    ),
    examples=[
        request_example(
            "A question",
            {"content": "Which hotels in Lisbon take dogs?", "client_id": "4f1c0a52"},
        ),
        response_example("Stored", MESSAGE_EXAMPLE, "200", "201"),
    ],
)
message_append_batch = extend_schema(
    operation_id="message_append_batch",
    parameters=[SESSION_ID, IDEMPOTENCY],
    request=s.BatchInput,
    responses=responses(
        {
            201: wire.BatchOutput,
            200: OpenApiResponse(wire.BatchOutput, "The batch was known; this is what was stored."),
        },
        400,
        404,
        409,
        410,
        413,
        422,
    ),
    examples=[
        request_example(
            "A question and its answer",
            {
                "messages": [
                    {"role": "user", "content": "Which hotels in Lisbon take dogs?"},
                    {"role": "assistant", "content": "Three that I know of."},
                ]
            },
        ),
        response_example("Stored", {"messages": [MESSAGE_EXAMPLE]}, "200", "201"),
    ],
)
message_list = extend_schema(
    operation_id="message_list",
    parameters=[SESSION_ID, s.MessagesQuery],
    responses=responses({200: wire.MessagePageOutput}, 400, 404, 410),
    examples=[
        response_example(
            "A run", {"results": [MESSAGE_EXAMPLE], "has_more": False, "latest_seq": 1}
        ),
    ],
)
message_delete = extend_schema(
    operation_id="message_delete",
    parameters=[SESSION_ID, OpenApiParameter("seq", OpenApiTypes.INT, OpenApiParameter.PATH)],
    responses=responses(
        {204: OpenApiResponse(description="Erased; the seq stays as a tombstone.")}, 404, 409, 410
    ),
)
