"""The description of the session routes, with examples."""

import json
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from sessions_app.api.description.bulk import METADATA
from sessions_app.api.description.errors import responses
from sessions_app.api.description.examples import (
    MESSAGE_EXAMPLE,
    SESSION_EXAMPLE,
    SESSION_EXAMPLE_ID,
    SESSION_ID,
    request_example,
    response_example,
)
from sessions_app.api.wire import sessions as wire
from sessions_app.api.wire.filters import ListQuery
from sessions_app.api.wire.messages import MessageOutput, NewestQuery
from sessions_app.http.description import idempotency_key
from sessions_app.http.json_bodies import MERGE_PATCH

_MARKDOWN = f"""# Lisbon

Session {SESSION_EXAMPLE_ID}, created 2026-11-22T09:59:58.120Z

## 1. User, 2026-11-22T10:00:00.250Z

Which hotels in Lisbon take dogs?
"""
_PAGE_URL = "http://127.0.0.1:8000/session?cursor=WzE3MzIyNzA0MDAyNTAsIjAxIiwwXQ"
_ONCE = idempotency_key("A repeat under this key gets the session that the first request has made.")
_IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The ETag that was read; another version answers 412.",
)


class SessionExport(wire.SessionOutput):
    """A session with all its messages, oldest first."""

    messages = MessageOutput(many=True)


def _file(name: str, media_type: str, value: Any) -> OpenApiExample:
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=["200"], media_type=media_type
    )


session_create = extend_schema(
    operation_id="session_create",
    parameters=[_ONCE],
    request=wire.SessionInput,
    responses=responses(
        {201: wire.SessionOutput, 200: wire.SessionOutput}, 400, 404, 410, 413, 422
    ),
    examples=[
        request_example(
            "With a prompt",
            {"title": "Lisbon", "system_prompt": "You plan trips.", "metadata": {"channel": "web"}},
        ),
        request_example("Under an id of your own", {"external_id": "trip-42"}),
        response_example("Created", SESSION_EXAMPLE, "201"),
        response_example("Already there", SESSION_EXAMPLE | {"external_id": "trip-42"}),
    ],
)
session_list = extend_schema(
    operation_id="session_list",
    parameters=[ListQuery, METADATA],
    responses=responses({200: wire.SessionPageOutput}, 400),
    examples=[
        response_example(
            "A page", {"next": _PAGE_URL, "previous": None, "results": [SESSION_EXAMPLE]}
        ),
    ],
)
session_retrieve = extend_schema(
    operation_id="session_retrieve",
    parameters=[SESSION_ID, NewestQuery],
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
    request={"application/json": wire.SessionChanges, MERGE_PATCH: wire.SessionPatch},
    responses=responses({200: wire.SessionOutput}, 400, 404, 409, 410, 412),
    examples=[
        request_example("A new title", {"title": "Lisbon in May"}),
        request_example("Tags and a pin", {"tags": ["travel", "2027"], "pinned": True}),
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
    parameters=[SESSION_ID, _ONCE],
    request=wire.ForkInput,
    responses=responses({201: wire.SessionOutput, 200: wire.SessionOutput}, 400, 404, 410, 422),
    examples=[
        request_example("From an earlier message", {"up_to_seq": 1, "title": "Porto instead"}),
        response_example("Created", SESSION_EXAMPLE | {"title": "Porto instead"}, "201"),
        response_example("Created before, under this key", SESSION_EXAMPLE | {"title": "Porto"}),
    ],
)
session_archive = extend_schema(
    operation_id="session_archive",
    parameters=[SESSION_ID],
    request=None,
    responses=responses({200: wire.SessionOutput}, 404, 409, 410),
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
    parameters=[SESSION_ID, wire.ExportQuery],
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
