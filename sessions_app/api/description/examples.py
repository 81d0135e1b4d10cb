"""What several routes are described with: examples and parameters."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter

from sessions_app.http.description import idempotency_key

SESSION_EXAMPLE_ID = "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"
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
    "session_id": SESSION_EXAMPLE_ID,
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
    "external_id": None,
    "tags": ["travel"],
    "pinned": False,
    "temporary": False,
}

# The bytes of a file, of which there are some.
FILE = {"type": "string", "format": "binary", "minLength": 1}
SESSION_ID = OpenApiParameter("session_id", OpenApiTypes.STR, OpenApiParameter.PATH)
IDEMPOTENCY = idempotency_key("Serves as the `client_id` of a message that has none.")


def request_example(name: str, value: Any) -> OpenApiExample:
    """An example of what a client sends."""
    return OpenApiExample(name, value=value, request_only=True)


def response_example(name: str, value: Any, *statuses: str) -> OpenApiExample:
    """An example of what it gets."""
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=list(statuses or ("200",))
    )
