"""What became of a turn: as its record says, and where its worker is gone, as its session says.

A worker that dies leaves a record that says `running`, and a lease that runs out. Whoever meets
such a turn ends it: done when the session holds its reply, else failed as interrupted. A worker
that was only held up may come back; unless another turn has taken the session meanwhile, it renews
the lease and has the last word.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

from sessions_app.domain.data import Message
from sessions_app.domain.errors import SessionNotFound, TurnInterrupted
from sessions_app.domain.limits import PAGE_MAX, TURN_LEASE_SECONDS
from sessions_app.domain.turns import CANCELLED, Turn, TurnState
from sessions_app.repository import clocks, log
from sessions_app.repository.turns import leases, records
from sessions_app.repository.turns.leases import Mark

_MOST = 10_000
_BATCH = 500


def settle(turn: Turn, *, now: datetime) -> Turn:
    """The turn as it is, ended if its lease has run out or is gone; raises SessionNotFound."""
    interrupted = turn.error_code == TurnInterrupted.code
    if turn.ended and not interrupted:
        return turn
    if _holds_session(turn):
        return replace(turn, state=TurnState.RUNNING, error_code=None) if interrupted else turn
    return end(turn, now)


def _holds_session(turn: Turn) -> bool:
    try:
        lease = log.read_header(session_id=turn.session_id, user_id=turn.user_id).turn
    except SessionNotFound:
        return False
    return lease is not None and lease.turn_id == turn.turn_id and lease.is_live


def settle_abandoned(*, now: datetime) -> int:
    """End the turns whose workers are gone, whoever's they were; how many there were."""
    ended = 0
    for turn in abandoned(clocks.server_time()):
        try:
            end(turn, now)
        except SessionNotFound:
            continue
        ended += 1
    return ended


def settle_dead(*, owners: Collection[str], now: datetime) -> int:
    """End the turns of processes that have died, without waiting for their leases to run out.

    How many there were. For who knows that they are dead: a process that was only held up would
    find its session taken when it comes back.
    """
    ended = 0
    # Every turn that is said to run: those that began last, too.
    begun = clocks.server_time() + timedelta(seconds=2 * TURN_LEASE_SECONDS)
    for turn, mark in _running(begun):
        if mark is None or mark.turn_id != turn.turn_id or mark.owner not in owners:
            continue
        leases.release_of_dead(session_id=turn.session_id, turn_id=turn.turn_id, owner=mark.owner)
        with suppress(SessionNotFound):
            end(turn, now)
            ended += 1
    return ended


def abandoned(before: datetime) -> Iterator[Turn]:
    """Turns that are said to run, began before then, and have no lease any more."""
    return (turn for turn, mark in _running(before) if not _is_live(turn, mark))


def _running(before: datetime) -> Iterator[tuple[Turn, Mark | None]]:
    """Turns that are said to run and began before then, with what their sessions say."""
    candidates = records.running(begun_before=before, limit=_MOST)
    for first in range(0, len(candidates), _BATCH):
        batch = candidates[first : first + _BATCH]
        marks = leases.marks({turn.session_id for turn in batch})
        yield from ((turn, marks.get(turn.session_id)) for turn in batch)


def _is_live(turn: Turn, mark: Mark | None) -> bool:
    return mark is not None and mark.turn_id == turn.turn_id and mark.is_live


def end(turn: Turn, now: datetime) -> Turn:
    """The turn as it ended, recorded so; raises SessionNotFound.

    A worker may have stored the reply and died, or be about to, before it could say so.
    """
    keys = {"session_id": turn.session_id, "turn_id": turn.turn_id}
    try:
        reply = _stored_reply(turn)
    except SessionNotFound:
        records.discard(**keys)
        raise
    if turn.ended and reply is None:
        return turn
    state, outcome = _outcome(reply)
    records.finish(
        **keys, state=state, seen=None, ended_at=now, outcome=outcome, by_its_worker=False
    )
    return records.read([(turn.session_id, turn.turn_id)]).get(
        turn.turn_id, replace(turn, state=TurnState.FAILED, error_code=TurnInterrupted.code)
    )


def _outcome(reply: Message | None) -> tuple[TurnState, dict[str, object]]:
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
