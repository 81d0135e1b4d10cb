"""Responses as they are stored: whole, their input, and their events from the beginning."""

from datetime import datetime

from sessions_app import tracing
from sessions_app.domain.data import Message, Session
from sessions_app.domain.errors import ResponseNotFound, SessionNotFound
from sessions_app.domain.responses import ResponseName, ResponseTerms
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.turns import Turn, TurnState
from sessions_app.repository import log
from sessions_app.repository.turns import records
from sessions_app.services import turns
from sessions_app.services.responses.data import ResponseState
from sessions_app.services.turns import Feed


def response_and_session(
    *, name: ResponseName, user_id: str, now: datetime
) -> tuple[Session, Turn]:
    """The turn that a response is, and its session; raises ResponseNotFound, SessionExpired."""
    try:
        session = log.read_header(session_id=name.session_id, user_id=user_id)
    except SessionNotFound:
        raise ResponseNotFound from None
    lifecycle.require_readable(session, now=now)
    turn = records.read([name]).get(name.turn_id)
    if turn is None or turn.response is None:
        raise ResponseNotFound
    return session, turns.turn_settled(turn, now=now)


def response_turn(*, name: ResponseName, user_id: str, now: datetime) -> Turn:
    """The turn that a response is, as it is now; raises as `response_and_session`."""
    return response_and_session(name=name, user_id=user_id, now=now)[1]


@tracing.step
def response_get(*, name: ResponseName, user_id: str, now: datetime) -> ResponseState:
    """A response as far as it is; raises as `response_turn`."""
    turn = response_turn(name=name, user_id=user_id, now=now)
    assert turn.response is not None  # noqa: S101 - checked
    reply = turns.turn_message(turn, turn.assistant_seq) if turn.assistant_seq else None
    return ResponseState(
        name,
        turn.response,
        turn.started_at,
        turn.state,
        reply,
        turn.failure() if turn.state is TurnState.FAILED else None,
        turn.seen,
        turn.ended_at,
    )


def response_feed(*, name: ResponseName, user_id: str, now: datetime) -> tuple[Feed, ResponseTerms]:
    """A response's feed, running or ended, and its terms; raises as `response_turn`."""
    turn = response_turn(name=name, user_id=user_id, now=now)
    assert turn.response is not None  # noqa: S101 - checked
    return turns.turn_feed(turn, now), turn.response


def response_state(feed: Feed, terms: ResponseTerms) -> ResponseState:
    """A response as far as its feed has told it."""
    outcome = feed.outcome
    return ResponseState(
        ResponseName(feed.session_id, feed.turn_id),
        terms,
        feed.begun_at,
        outcome.state if outcome else TurnState.RUNNING,
        outcome.message if outcome else None,
        outcome.error if outcome else None,
        feed.seen,
        is_queued=outcome is None and feed.seen is None,
    )


@tracing.step
def response_input(*, name: ResponseName, user_id: str, now: datetime) -> list[Message]:
    """The messages that a response's request brought; raises as `response_turn`."""
    turn = response_turn(name=name, user_id=user_id, now=now)
    assert turn.response is not None  # noqa: S101 - checked
    _, messages = log.read_range(
        session_id=name.session_id,
        user_id=user_id,
        first=turn.response.first_seq or turn.user_seq,
        last=turn.user_seq,
    )
    return messages
