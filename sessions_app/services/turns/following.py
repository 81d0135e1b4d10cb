"""Feeding what a record says of a turn to those who follow it from another process."""

from datetime import datetime

from sessions_app.domain.data import Message
from sessions_app.domain.turns import Turn, TurnState
from sessions_app.repository import annotations, log
from sessions_app.services.turns import settling
from sessions_app.services.turns.feeds import Feed, Outcome


def bring_up_to_date(feed: Feed, turn: Turn, *, now: datetime) -> None:
    """Tell `feed` what `turn` has come to; raises SessionNotFound."""
    turn = settling.settle(turn, now=now)
    if feed.seen is None and turn.seen is not None:
        feed.show(turn.seen, _asked(turn))
    if not turn.ended:
        feed.catch_up(turn.text)
    elif turn.state is TurnState.FAILED:
        feed.finish(Outcome(turn.state, error=turn.failure()))
    else:
        reply = _message(turn, turn.assistant_seq) if turn.assistant_seq else None
        if feed.user_message is None:
            feed.user_message = _asked(turn)
        feed.catch_up(reply.content if reply else "")
        feed.finish(Outcome(turn.state, reply))


def _asked(turn: Turn) -> Message | None:
    session, found = log.read_range(
        session_id=turn.session_id, user_id=turn.user_id, first=turn.user_seq, last=turn.user_seq
    )
    return next(iter(annotations.with_topics(session, found)), None)


def _message(turn: Turn, seq: int) -> Message | None:
    _, found = log.read_range(session_id=turn.session_id, user_id=turn.user_id, first=seq, last=seq)
    return found[0] if found else None
