"""The API description of the OpenAI wire; OpenAI's own documents each member."""

import json

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    extend_schema,
)

from sessions_app.http.description import STORE, TURN_WAIT, idempotency_key

TAGS = ["OpenAI wire"]
_ID = "chatcmpl-01932c0790f47e5a8d0b6c1f2a3b4c5d"
_SESSION = "01932c07-8a3e-7d52-b1c4-5f0e6a9d2b31"
_MODEL = {"id": "gemma-3-270m", "object": "model", "created": 0, "owned_by": "chat-sessions"}
_HEAD = {"id": _ID, "created": 1_795_341_600, "model": "gemma-3-270m"}
_USAGE = {"prompt_tokens": 24, "completion_tokens": 7, "total_tokens": 31}
_COMPLETION = {
    **_HEAD,
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Three that I know of.", "refusal": None},
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": _USAGE,
}


def _chunk(delta: dict[str, str], finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    chunk = {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}
    return f"data: {json.dumps(chunk)}\n\n"


_STREAM = "".join(
    (
        _chunk({"role": "assistant", "content": ""}),
        _chunk({"content": "Three"}),
        _chunk({"content": " that I know of."}),
        _chunk({}, "stop"),
        "data: [DONE]\n\n",
    )
)
_WHEN = {
    400: ("A parameter is wrong, or not supported in a session.", "n", "unsupported_value"),
    401: ("No key or token, or one that is no longer valid.", None, "invalid_api_key"),
    403: ("The service key may not do this, or names no end user.", None, "scope_missing"),
    404: ("It does not exist for this user.", None, "not_found"),
    409: ("A turn is in progress; see `Retry-After`.", None, "turn_in_progress"),
    410: ("The caller's own session, past its timeout.", None, "session_expired"),
    413: ("A message or the body is over its limit.", "messages.0.content", "too_large"),
    422: ("The idempotency key came with another request.", None, "idempotency_mismatch"),
    429: ("Too many requests; see `Retry-After`.", None, "rate_limit_exceeded"),
    502: ("The model's server failed; the question is stored.", None, "provider_error"),
    503: (
        "Storage is unavailable; the same request can be repeated. See `Retry-After`.",
        None,
        "storage_unavailable",
    ),
    504: ("The model took too long; the question is stored.", None, "provider_timeout"),
}


def error_responses(*statuses: int) -> dict[int, OpenApiResponse]:
    """The errors with these statuses, and 403, as OpenAI's clients read them."""
    responses = {}
    # A service key may lack the scope of any route.
    for status in sorted({403, *statuses}):
        when, param, code = _WHEN[status]
        kind = "server_error" if status >= 500 else "invalid_request_error"
        value = {"error": {"message": when, "type": kind, "param": param, "code": code}}
        responses[status] = OpenApiResponse(
            OpenApiTypes.OBJECT, when, examples=[OpenApiExample(code, value=value)]
        )
    return responses


def answer_example(
    name: str, value: object, media_type: str = "application/json"
) -> OpenApiExample:
    """An answer of 200."""
    return OpenApiExample(
        name, value=value, response_only=True, status_codes=["200"], media_type=media_type
    )


chat_completions = extend_schema(
    operation_id="openai_chat_completions",
    tags=TAGS,
    parameters=[
        OpenApiParameter(
            "X-Session-Id",
            OpenApiTypes.STR,
            OpenApiParameter.HEADER,
            description="The session, where neither `session_id` nor `metadata` names it: its id, "
            "an id of your own, or `new`.",
        ),
        OpenApiParameter(
            "X-Session-Create",
            {"type": "string", "pattern": "^(1|0|[Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])?$"},
            OpenApiParameter.HEADER,
            description="1 makes the named session if it is not there, 0 does not.",
        ),
        TURN_WAIT,
        STORE,
        idempotency_key("The same request under the same key again gets the same turn."),
    ],
    request={
        "application/json": {
            "type": "object",
            "required": ["messages"],
            "properties": {
                "messages": {"type": "array", "minItems": 1, "items": {"type": "object"}}
            },
            "additionalProperties": True,
        }
    },
    responses={
        (200, "application/json"): OpenApiResponse(OpenApiTypes.OBJECT, "The completion."),
        (200, "text/event-stream"): OpenApiResponse(OpenApiTypes.STR, "The same in chunks."),
        **error_responses(400, 401, 404, 409, 410, 413, 422, 429, 502, 503, 504),
    },
    examples=[
        OpenApiExample(
            "In a session",
            value={
                "model": "gemma-3-270m",
                "session_id": _SESSION,
                "messages": [{"role": "user", "content": "Which hotels in Lisbon take dogs?"}],
            },
            request_only=True,
        ),
        answer_example("A completion", _COMPLETION),
        answer_example("Chunks", _STREAM, "text/event-stream"),
    ],
)
models_list = extend_schema(
    operation_id="openai_models",
    tags=TAGS,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 429, 503)},
    examples=[answer_example("The model", {"object": "list", "data": [_MODEL]})],
)
models_show = extend_schema(
    operation_id="openai_model",
    tags=TAGS,
    responses={200: OpenApiTypes.OBJECT, **error_responses(401, 404, 429, 503)},
    examples=[answer_example("The model", _MODEL)],
)
