"""The description of the context and topic routes, with examples."""

from drf_spectacular.utils import extend_schema

from sessions_app.api.description.errors import responses
from sessions_app.api.description.examples import (
    SESSION_EXAMPLE,
    SESSION_ID,
    request_example,
    response_example,
)
from sessions_app.api.wire import context as wire
from sessions_app.api.wire.sessions import SessionOutput

_WINDOW = {
    "messages": [{"role": "user", "content": "Which hotels in Lisbon take dogs?"}],
    "complete": True,
    "token_count": 12,
    "max_tokens": 4000,
    "strategy": "hybrid",
    "ranking": "none",
    "plan": [
        {
            "seq": 1,
            "role": "user",
            "token_count": 8,
            "topic": 1,
            "kept": True,
            "reason": "newest_user_message",
        }
    ],
    "dropped_count": 0,
}
_TOPIC = {
    "topic": 1,
    "start_seq": 1,
    "end_seq": 6,
    "message_count": 6,
    "label": "hotels, Lisbon",
    "score": 0.0,
    "divider": False,
}

context_show = extend_schema(
    operation_id="context_show",
    parameters=[SESSION_ID, wire.ContextQuery],
    responses=responses({200: wire.ContextOutput}, 400, 404, 410),
    examples=[response_example("A window", _WINDOW)],
)
context_reset = extend_schema(
    operation_id="context_reset",
    parameters=[SESSION_ID],
    request=wire.ResetInput,
    responses=responses({200: SessionOutput}, 400, 404, 409, 410),
    examples=[
        request_example("Undo", {"undo": True}),
        response_example("Reset", SESSION_EXAMPLE),
    ],
)
topic_list = extend_schema(
    operation_id="topic_list",
    parameters=[SESSION_ID],
    responses=responses({200: wire.TopicListOutput}, 404, 410),
    examples=[response_example("Topics", {"results": [_TOPIC], "judged": 6, "complete": True})],
)
