"""The API description of responses; OpenAI's own documents each member."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from sessions_app.http.description import STORE, TURN_WAIT, idempotency_key
from sessions_app.openai_api.responses.formats import INCLUDABLE
from sessions_app.openai_api.responses.wire import DEFAULTS
from sessions_app.openai_api.schema import TAGS, answer_example, error_responses

_ID = "resp_01932c078a3e7d52b1c45f0e6a9d2b3101932c0790f47e5a8d0b6c1f2a3b4c5d"
_MESSAGE: dict[str, Any] = {
    "id": "msg_01932c0790f47e5a8d0b6c1f2a3b4c5d",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "annotations": [], "text": "Three that I know of."}],
}
_RESPONSE: dict[str, Any] = {
    **DEFAULTS,
    "id": _ID,
    "object": "response",
    "created_at": 1_795_341_600,
    "status": "completed",
    "background": False,
    "completed_at": 1_795_341_602,
    "error": None,
    "incomplete_details": None,
    "model": "gemma-3-270m",
    "output": [_MESSAGE],
    "previous_response_id": None,
    "conversation": None,
    "usage": {
        "input_tokens": 24,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": 7,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 31,
    },
}
_STREAM = (
    "event: response.output_text.delta\n"
    'data: {"type": "response.output_text.delta", "sequence_number": 4, '
    '"item_id": "msg_01932c0790f47e5a8d0b6c1f2a3b4c5d", "output_index": 0, '
    '"content_index": 0, "delta": "Three", "logprobs": []}\n\n'
)
_ITEMS = {
    "object": "list",
    "data": [_MESSAGE],
    "first_id": _MESSAGE["id"],
    "last_id": _MESSAGE["id"],
    "has_more": False,
}
_KEY = idempotency_key("The same request under the same key again gets the same response.")


def _query(name: str, kind: Any, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.QUERY, description=description)


_INCLUDE = OpenApiParameter(
    "include",
    OpenApiTypes.STR,
    many=True,
    enum=sorted(INCLUDABLE),
    description="Taken for OpenAI's clients: a response always comes whole.",
)
_WHOLE_OR_STREAMED = {
    (200, "application/json"): OpenApiResponse(OpenApiTypes.OBJECT, "The response."),
    (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, "Its events."),
}
responses_create = extend_schema(
    operation_id="openai_responses_create",
    tags=TAGS,
    parameters=[_KEY, TURN_WAIT, STORE],
    request=OpenApiTypes.OBJECT,
    responses={
        **_WHOLE_OR_STREAMED,
        **error_responses(400, 401, 404, 409, 410, 413, 422, 429, 502, 503, 504),
    },
    examples=[
        OpenApiExample(
            "Behind another response",
            value={
                "model": "gemma-3-270m",
                "previous_response_id": _ID,
                "input": "Which hotels in Lisbon take dogs?",
            },
            request_only=True,
        ),
        answer_example("A response", _RESPONSE),
        answer_example("Events", _STREAM, "text/event-stream"),
    ],
)
responses_retrieve = extend_schema(
    operation_id="openai_responses_retrieve",
    tags=TAGS,
    parameters=[
        _query("stream", OpenApiTypes.BOOL, "Its events, from the beginning."),
        _query("starting_after", OpenApiTypes.INT, "Only those behind this `sequence_number`."),
        _query("include_obfuscation", OpenApiTypes.BOOL, "Taken; no event is obfuscated."),
        _INCLUDE,
    ],
    responses={**_WHOLE_OR_STREAMED, **error_responses(400, 401, 404, 410, 429, 503)},
    examples=[answer_example("A response", _RESPONSE)],
)
responses_cancel = extend_schema(
    operation_id="openai_responses_cancel",
    tags=TAGS,
    request=None,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 404, 410, 429, 503)},
    examples=[answer_example("A response", _RESPONSE)],
)
responses_delete = extend_schema(
    operation_id="openai_responses_delete",
    tags=TAGS,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 404, 409, 410, 429, 503)},
    examples=[answer_example("Deleted", {"id": _ID, "object": "response", "deleted": True})],
)
responses_input_items = extend_schema(
    operation_id="openai_responses_input_items",
    tags=TAGS,
    parameters=[
        _query("limit", OpenApiTypes.INT, "1 to 100; 20 by default."),
        _query("after", OpenApiTypes.STR, "The item before the page."),
        _query("order", OpenApiTypes.STR, "`asc` or `desc`, which is the default."),
        _INCLUDE,
    ],
    responses={200: OpenApiTypes.OBJECT, **error_responses(400, 401, 404, 410, 429, 503)},
    examples=[answer_example("Items", _ITEMS)],
)
