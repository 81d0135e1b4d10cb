"""What became of a turn whose worker is gone: whoever looks after its deadline says so."""

from dataclasses import replace
from datetime import datetime, timedelta

from sessions_app.domain.data import Message
from sessions_app.domain.errors import SessionNotFound, TurnInterrupted
from sessions_app.domain.limits import PAGE_MAX
from sessions_app.domain.turns import CANCELLED, Turn, TurnState
from sessions_app.repository import log, turns

# The record's deadline is written a moment after the lease's, which alone decides.
GRACE = timedelta(seconds=1)


def settle(turn: Turn, *, now: datetime) -> Turn:
    """The turn as it is, ended if its lease has run out; raises SessionNotFound.

    A worker may have stored the reply and died before it could say so: then the turn is done.
    """
    if turn.ended or turn.deadline + GRACE > now:
        return turn
    place = {"session_id": turn.session_id, "turn_id": turn.turn_id}
    if not turns.leases.release_overdue(**place, now=now):
        return turn
    try:
        reply = _stored_reply(turn)
    except SessionNotFound:
        turns.records.discard(**place)
        raise
    state, outcome = _ended(reply)
    turns.records.finish(**place, state=state, seen=None, ended_at=now, outcome=outcome)
    return turns.records.read([(turn.session_id, turn.turn_id)]).get(
        turn.turn_id, replace(turn, state=TurnState.FAILED, error_code=TurnInterrupted.code)
    )


def settle_overdue(*, now: datetime) -> int:
    """Settle turns that have not been heard of, whoever's they are; how many there were."""
    found = turns.records.overdue(before=now - GRACE)
    for turn in found:
        try:
            settle(turn, now=now)
        except SessionNotFound:
            continue
    return len(found)


def _ended(reply: Message | None) -> tuple[TurnState, dict[str, object]]:
    if reply is None or reply.generation is None:
        error = TurnInterrupted()
        return TurnState.FAILED, {"error_code": error.code, "error_detail": error.detail}
    made = reply.generation
    state = TurnState.CANCELLED if made.finish_reason == CANCELLED else TurnState.DONE
    return state, {
        "assistant_seq": reply.seq,
        "model": made.model,
        "finish_reason": made.finish_reason,
        "prompt_tokens": made.prompt_tokens,
        "completion_tokens": made.completion_tokens,
    }


def _stored_reply(turn: Turn) -> Message | None:
    """The message that this turn stored; it stands somewhere behind the one it answers."""
    first = turn.user_seq + 1
    while True:
        session, page = log.read_range(
            session_id=turn.session_id,
            user_id=turn.user_id,
            first=first,
            last=first + PAGE_MAX - 1,
        )
        for message in page:
            if message.generation is not None and message.generation.turn_id == turn.turn_id:
                return message
        first += PAGE_MAX
        if first > session.message_count:
            return None
