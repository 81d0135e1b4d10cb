"""`store: false`: a model call on a conversation that is read at most, of which nothing is kept."""

from collections.abc import Callable
from datetime import datetime

from sessions_app.domain.sessions import lifecycle
from sessions_app.services import turns
from sessions_app.services.responses.data import ResponseRequest
from sessions_app.services.responses.starting import previous_of
from sessions_app.services.turns import Feed, SideCall


def response_unstored(
    *, user_id: str, request: ResponseRequest, now: datetime
) -> tuple[Feed, Callable[[], object]]:
    """As `turns.turn_unstored`, in the session or behind the response that the request names."""
    session_id, until = request.session_id, None
    if session_id is None and request.previous is not None:
        session, turn = previous_of(user_id, request, lifecycle.to_milliseconds(now))
        session_id, until = session.session_id, turn.assistant_seq or turn.user_seq
    side_call = SideCall(
        request.drafts,
        request.call,
        session_id,
        until,
        is_history=request.session_id is not None and request.is_history,
    )
    return turns.turn_unstored(user_id=user_id, side_call=side_call, now=now)
