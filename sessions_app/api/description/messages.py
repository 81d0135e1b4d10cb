"""The description of the message routes, with examples."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema

from sessions_app.api.description.errors import responses
from sessions_app.api.description.examples import (
    IDEMPOTENCY,
    MESSAGE_EXAMPLE,
    SESSION_ID,
    request_example,
    response_example,
)
from sessions_app.api.wire import messages as wire

message_append = extend_schema(
    operation_id="message_append",
    parameters=[SESSION_ID, IDEMPOTENCY],
    request=wire.MessageInput,
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
    request=wire.BatchInput,
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
    parameters=[SESSION_ID, wire.MessagesQuery],
    responses=responses({200: wire.MessagePageOutput}, 400, 404, 410),
    examples=[
        response_example(
            "A run", {"results": [MESSAGE_EXAMPLE], "has_more": False, "latest_seq": 1}
        ),
    ],
)
_SEQ = OpenApiParameter("seq", OpenApiTypes.INT, OpenApiParameter.PATH)
_RATED = MESSAGE_EXAMPLE | {
    "role": "assistant",
    "feedback": {"rating": "up", "comment": "Just so.", "given_at": "2026-11-01T09:30:00.000Z"},
}
feedback_give = extend_schema(
    operation_id="feedback_give",
    parameters=[SESSION_ID, _SEQ],
    request=wire.FeedbackInput,
    responses=responses({200: wire.MessageOutput}, 400, 404, 410),
    examples=[
        request_example("A good reply", {"rating": "up", "comment": "Just so."}),
        response_example("Rated", _RATED),
    ],
)
feedback_take_back = extend_schema(
    operation_id="feedback_take_back",
    parameters=[SESSION_ID, _SEQ],
    responses=responses({204: OpenApiResponse(description="Taken back.")}, 404, 410),
)
branch_make_current = extend_schema(
    operation_id="branch_make_current",
    parameters=[SESSION_ID, OpenApiParameter("seq", OpenApiTypes.INT, OpenApiParameter.PATH)],
    request=None,
    responses=responses({200: wire.BranchOutput}, 404, 409, 410),
    examples=[
        response_example(
            "The first of two replies again",
            {
                "results": [
                    MESSAGE_EXAMPLE | {"seq": 2, "role": "assistant", "superseded_by": None},
                    MESSAGE_EXAMPLE | {"seq": 3, "role": "assistant", "superseded_by": 2},
                ]
            },
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
