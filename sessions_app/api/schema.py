"""The API's description (OpenAPI 3): what each session route takes and answers, with examples."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from sessions_app.api import serializers as s

_ID = "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"
_POLICY = {
    "strategy": "hybrid",
    "max_tokens": 4000,
    "max_messages": 1000,
    "on_topic_shift": "adjust",
}
_MESSAGE = {
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
}
_SESSION = {
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
_PAGE_URL = "http://127.0.0.1:8000/session?cursor=WzE3MzIyNzA0MDAyNTAsIjAxIiwwXQ"

_SESSION_ID = OpenApiParameter("session_id", OpenApiTypes.STR, OpenApiParameter.PATH)
_IDEMPOTENCY = OpenApiParameter(
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


def _request(name: str, value: Any) -> OpenApiExample:
    return OpenApiExample(name, value=value, request_only=True)


def _response(name: str, value: Any, *statuses: str) -> OpenApiExample:
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=list(statuses or ("200",))
    )


session_create = extend_schema(
    operation_id="session_create",
    request=s.SessionInput,
    responses={201: s.SessionOutput},
    examples=[
        _request(
            "With a prompt",
            {"title": "Lisbon", "system_prompt": "You plan trips.", "metadata": {"channel": "web"}},
        ),
        _response("Created", _SESSION, "201"),
    ],
)
session_list = extend_schema(
    operation_id="session_list",
    parameters=[s.ListQuery],
    responses=s.SessionPageOutput,
    examples=[
        _response("A page", {"next": _PAGE_URL, "previous": None, "results": [_SESSION]}),
    ],
)
session_retrieve = extend_schema(
    operation_id="session_retrieve",
    parameters=[_SESSION_ID, s.NewestQuery],
    responses=s.SessionWithMessages,
    examples=[_response("Read", _SESSION | {"messages": [_MESSAGE], "has_more": False})],
)
session_update = extend_schema(
    operation_id="session_update",
    parameters=[_SESSION_ID, _IF_MATCH],
    request=s.SessionChanges,
    responses=s.SessionOutput,
    examples=[
        _request("A new title", {"title": "Lisbon in May"}),
        _response("Changed", _SESSION | {"title": "Lisbon in May"}),
    ],
)
session_delete = extend_schema(
    operation_id="session_delete",
    parameters=[_SESSION_ID],
    responses={204: OpenApiResponse(description="Deleted, with all its messages.")},
)
session_fork = extend_schema(
    operation_id="session_fork",
    parameters=[_SESSION_ID],
    request=s.ForkInput,
    responses={201: s.SessionOutput},
    examples=[
        _request("From an earlier message", {"up_to_seq": 1, "title": "Porto instead"}),
        _response("Created", _SESSION | {"title": "Porto instead"}, "201"),
    ],
)
session_archive = extend_schema(
    operation_id="session_archive",
    parameters=[_SESSION_ID],
    request=None,
    responses=s.SessionOutput,
    examples=[_response("Archived", _SESSION | {"status": "archived", "expires_at": None})],
)
session_restore = extend_schema(
    operation_id="session_restore",
    parameters=[_SESSION_ID],
    request=None,
    responses=s.SessionOutput,
    examples=[_response("Restored", _SESSION)],
)
session_export = extend_schema(
    operation_id="session_export",
    parameters=[_SESSION_ID, s.ExportQuery],
    responses={
        (200, "application/json"): s.SessionWithMessages,
        (200, "application/x-ndjson"): OpenApiTypes.STR,
        (200, "text/markdown"): OpenApiTypes.STR,
    },
)
message_append = extend_schema(
    operation_id="message_append",
    parameters=[_SESSION_ID, _IDEMPOTENCY],
    request=s.MessageInput,
    responses={
        201: s.MessageOutput,
        200: OpenApiResponse(s.MessageOutput, "The key was known; this is what it stands for."),
    },
    examples=[
        _request(
            "A question",
            {"content": "Which hotels in Lisbon take dogs?", "client_id": "4f1c0a52"},
        ),
        _response("Stored", _MESSAGE, "200", "201"),
    ],
)
message_append_batch = extend_schema(
    operation_id="message_append_batch",
    parameters=[_SESSION_ID, _IDEMPOTENCY],
    request=s.BatchInput,
    responses={
        201: s.BatchOutput,
        200: OpenApiResponse(s.BatchOutput, "The batch was known; this is what was stored."),
    },
    examples=[
        _request(
            "A question and its answer",
            {
                "messages": [
                    {"role": "user", "content": "Which hotels in Lisbon take dogs?"},
                    {"role": "assistant", "content": "Three that I know of."},
                ]
            },
        ),
        _response("Stored", {"messages": [_MESSAGE]}, "200", "201"),
    ],
)
message_list = extend_schema(
    operation_id="message_list",
    parameters=[_SESSION_ID, s.MessagesQuery],
    responses=s.MessagePageOutput,
    examples=[
        _response("A run", {"results": [_MESSAGE], "has_more": False, "latest_seq": 1}),
    ],
)
message_delete = extend_schema(
    operation_id="message_delete",
    parameters=[_SESSION_ID, OpenApiParameter("seq", OpenApiTypes.INT, OpenApiParameter.PATH)],
    responses={204: OpenApiResponse(description="Erased; the seq stays as a tombstone.")},
)
