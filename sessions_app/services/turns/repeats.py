"""The turn that an earlier attempt of a request began.

OpenAI's packages send no key for a request and repeat one that failed. Such a repeat is told by a
digest of the request, which stands in the turn for the key, and may be of the newest turn only: the
same words may be said again.
"""

from dataclasses import replace
from datetime import datetime
from typing import Protocol

from sessions_app.domain.data import Message, Session
from sessions_app.domain.errors import IdempotencyMismatch
from sessions_app.domain.turns import Turn, TurnState
from sessions_app.repository import log
from sessions_app.repository.turns import records
from sessions_app.services.turns import settling
from sessions_app.services.turns.fanout import Feed
from sessions_app.services.turns.slots import Slot
from sessions_app.services.turns.starting import PendingTurn, feed_of, follow, new_lease, resume
from sessions_app.services.turns.taking import TurnRequest


class Repeatable(Protocol):
    """A request that may have come before."""

    @property
    def key(self) -> str | None:
        """The client's own idempotency key."""

    @property
    def turn_key(self) -> str:
        """What its turn is found again by."""

    @property
    def since(self) -> datetime | None:
        """Set for a repeat: its first attempt came after that."""


def may_be_known(request: Repeatable) -> bool:
    """Whether this may be a request that came before."""
    return request.key is not None or request.since is not None


def earlier(
    session: Session, pending_turn: PendingTurn, request: Repeatable, now: datetime
) -> tuple[Feed | None, Turn | None]:
    """The feed of the turn that an earlier attempt began; a turn that failed is to be run again."""
    if not may_be_known(request):
        return None, None
    turn = _turn_of(session, request)
    if turn is None:
        return holder(session, request, now), None
    if turn.fingerprint != pending_turn.fingerprint:
        raise IdempotencyMismatch
    turn = settling.settle(turn, now=now)
    return (None, turn) if turn.state is TurnState.FAILED else (feed_of(turn, now), None)


def _turn_of(session: Session, request: Repeatable) -> Turn | None:
    if request.key is not None:
        return records.newest_of_key(session_id=session.session_id, client_id=request.key)
    # The same words may be said again: a repeat is of the newest turn, or of none.
    for turn in records.newest(session_id=session.session_id, limit=1):
        if turn.client_id == request.turn_key and request.since and turn.started_at > request.since:
            return turn
    return None


def holder(session: Session, request: Repeatable, now: datetime) -> Feed | None:
    """The feed of the turn in progress where it is the one that is asked for.

    It may not have been recorded yet: the lease is taken first.
    """
    session = log.read_header(session_id=session.session_id, user_id=session.user_id)
    lease = session.turn
    if lease is None or not session.in_turn or not may_be_known(request):
        return None
    if lease.client_id != request.turn_key:
        return None
    return follow(session.session_id, session.user_id, lease.turn_id, now)


def run_again(
    session: Session,
    pending_turn: PendingTurn,
    failed: Turn,
    now: datetime,
    ticket: str | None = None,
) -> Feed | None:
    """Run a failed turn's question again; None when it is to be tried again."""
    question = message_of(session, failed.user_seq)
    pending_turn = replace(pending_turn, message=question, response=failed.response)
    with Slot(session.user_id, pending_turn.call.model) as slot:
        return resume(
            pending_turn,
            new_lease(pending_turn.key, ticket),
            slot,
            now,
            behind=session.message_count,
        )


def message_of(session: Session, seq: int) -> Message:
    """A message of the session that is known to be there."""
    _, [message] = log.read_range(
        session_id=session.session_id, user_id=session.user_id, first=seq, last=seq
    )
    return message


def turn_repeated(
    *, session: Session, request: TurnRequest, repeatable: Repeatable, now: datetime
) -> Feed | None:
    """The turn that an earlier attempt of `request` began here, run again if it failed.

    None where there is none, or where it is to be tried again. Raises IdempotencyMismatch.
    """
    pending_turn = PendingTurn(
        session.session_id,
        session.user_id,
        request.key,
        request.call,
        body=request.body,
        response=request.response,
    )
    feed, failed = earlier(session, pending_turn, repeatable, now)
    if failed is None:
        return feed
    return run_again(session, pending_turn, failed, now, request.ticket)


def turn_holding(*, session: Session, repeatable: Repeatable, now: datetime) -> Feed | None:
    """The turn in progress, where it is that of an earlier attempt."""
    return holder(session, repeatable, now)
