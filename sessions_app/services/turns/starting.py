"""What a request for a turn comes to: a new one, the one that is known by its key, or a refusal."""

import hashlib
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sessions_app.domain.data import Message, NewLease, Role
from sessions_app.domain.errors import (
    IdempotencyMismatch,
    NothingToAnswer,
    StorageUnavailable,
    TurnInProgress,
    TurnInterrupted,
)
from sessions_app.domain.limits import PAGE_MAX, TURN_LEASE_SECONDS
from sessions_app.domain.responses import ResponseTerms
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.turns import Turn, TurnState
from sessions_app.repository import log
from sessions_app.repository.turns import leases, records
from sessions_app.services import identity
from sessions_app.services.turns import following, settling
from sessions_app.services.turns.fanout import Feed
from sessions_app.services.turns.slots import Slot
from sessions_app.services.turns.turn import ModelCall, RunningTurn
from sessions_app.services.turns.worker import owner, worker


@dataclass(frozen=True, slots=True)
class PendingTurn:
    """A turn that is asked for: to answer `message`, or, without, the last one anew.

    `body` is a digest of what else the same key is to stand for. `response` is set for a response
    of the OpenAI wire.
    """

    session_id: str
    user_id: str
    key: str | None
    call: ModelCall
    message: Message | None = None
    regenerates: bool = False
    body: str = ""
    response: ResponseTerms | None = None

    @property
    def fingerprint(self) -> str:
        """Tells these parameters from others."""
        call = self.call
        values = [call.model, call.max_tokens, call.options, *([self.body] if self.body else [])]
        text = json.dumps(values, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def new_lease(key: str | None, ticket: str | None = None) -> NewLease:
    """The lease of a turn that this process would run; `ticket` is where it has waited for it."""
    return NewLease(identity.new_turn_id(), owner(), key, ticket)


def launch(
    pending_turn: PendingTurn,
    lease: NewLease,
    slot: Slot,
    now: datetime,
    supersedes: Sequence[int] = (),
) -> Feed:
    """Record the turn that holds the lease now, and have it run.

    It plans while it is being recorded, and calls no model before it is.
    """
    assert pending_turn.message is not None  # noqa: S101 - the caller has found it
    turn = Turn(
        turn_id=lease.turn_id,
        session_id=pending_turn.session_id,
        user_id=pending_turn.user_id,
        state=TurnState.RUNNING,
        user_seq=pending_turn.message.seq,
        started_at=now,
        deadline=now + timedelta(seconds=TURN_LEASE_SECONDS),
        client_id=pending_turn.key,
        fingerprint=pending_turn.fingerprint,
        regenerates=pending_turn.regenerates,
        response=pending_turn.response,
    )
    feed = Feed(pending_turn.session_id, pending_turn.user_id, turn.turn_id, now)
    feed.user_message = pending_turn.message
    running = RunningTurn(turn, pending_turn.call, feed, supersedes)
    is_recorded = False
    try:
        worker.launch(running, slot)
        # Not before: a turn that does not begin gives no slot back.
        slot.keep()
        records.insert(turn)
        is_recorded = True
    except BaseException:
        leases.release(session_id=turn.session_id, turn_id=turn.turn_id)
        raise
    finally:
        running.is_recorded.set_result(is_recorded)
    return feed


def known(pending_turn: PendingTurn, now: datetime) -> Feed | None:
    """The feed of the turn that this key stands for; None where it is to be run."""
    turn = _newest(pending_turn)
    if turn is None:
        return None
    session = log.read_header(session_id=pending_turn.session_id, user_id=pending_turn.user_id)
    lifecycle.require_readable(session, now=now)
    wanted = (pending_turn.fingerprint, pending_turn.regenerates)
    if (turn.fingerprint, turn.regenerates) != wanted:
        raise IdempotencyMismatch
    return _unless_failed(turn, now)


def _newest(pending_turn: PendingTurn) -> Turn | None:
    if pending_turn.key is None:
        return None
    return records.newest_of_key(session_id=pending_turn.session_id, client_id=pending_turn.key)


def _unless_failed(turn: Turn, now: datetime) -> Feed | None:
    turn = settling.settle(turn, now=now)
    return None if turn.state is TurnState.FAILED else feed_of(turn, now)


def _answered_late(pending_turn: PendingTurn, now: datetime) -> Feed | None:
    """The feed of an attempt that was taken for dead, and whose worker has stored its reply."""
    turn = _newest(pending_turn)
    if turn is None or turn.error_code != TurnInterrupted.code:
        return None
    return _unless_failed(turn, now)


def resume(
    pending_turn: PendingTurn,
    lease: NewLease,
    slot: Slot,
    now: datetime,
    supersedes: Sequence[int] = (),
    behind: int | None = None,
) -> Feed | None:
    """Run a turn for messages that are stored; None when it is to be tried again.

    With `behind`, only where that is the seq of the session's newest message. Raises
    NothingToAnswer where the question has been erased.
    """
    if pending_turn.message is not None and pending_turn.message.deleted:
        raise NothingToAnswer
    if not leases.take(
        session_id=pending_turn.session_id,
        user_id=pending_turn.user_id,
        lease=lease,
        now=now,
        behind=behind,
    ):
        return _holder(pending_turn, lease, now)
    try:
        # Asked now that no other attempt can store a reply any more.
        answered = _answered_late(pending_turn, now)
        if answered is None and pending_turn.message is None:
            question, supersedes = _last_question(pending_turn.session_id, pending_turn.user_id)
            pending_turn = replace(pending_turn, message=question)
    except BaseException:
        leases.release(session_id=pending_turn.session_id, turn_id=lease.turn_id)
        raise
    if answered is not None:
        leases.release(session_id=pending_turn.session_id, turn_id=lease.turn_id)
        return answered
    return launch(pending_turn, lease, slot, now, supersedes)


def _holder(pending_turn: PendingTurn, lease: NewLease, now: datetime) -> Feed | None:
    """Why the lease could not be taken; the feed of the turn that has it when the key is its."""
    session = log.read_header(session_id=pending_turn.session_id, user_id=pending_turn.user_id)
    lifecycle.require_writable(session, now=now)
    if session.turn is None or not session.turn.is_live:
        if not log.waiting.is_awaited(session.session_id, lease):
            return None
    elif pending_turn.key is not None and session.turn.client_id == pending_turn.key:
        return follow(pending_turn.session_id, pending_turn.user_id, session.turn.turn_id, now)
    raise TurnInProgress(retry_after=log.TURN_RETRY_SECONDS)


def _last_question(session_id: str, user_id: str) -> tuple[Message, list[int]]:
    """The last user message, and the replies to it that are still current."""
    limit = 64
    while True:
        _, newest = log.read_newest(session_id=session_id, user_id=user_id, limit=limit)
        questions = [m for m in newest if m.role is Role.USER and not m.deleted]
        standing = [m for m in questions if m.superseded_by is None]
        if standing:
            return standing[-1], [
                message.seq
                for message in newest
                if message.seq > standing[-1].seq
                and message.role in {Role.ASSISTANT, Role.TOOL}
                and message.superseded_by is None
            ]
        if len(newest) < limit or limit >= PAGE_MAX:
            raise NothingToAnswer
        limit = PAGE_MAX


def feed_of(turn: Turn, now: datetime) -> Feed:
    """The feed of a recorded turn, running here or elsewhere, or ended."""
    running = worker.running_turn(turn.turn_id)
    if running is not None:
        return worker.correct(running.feed)
    standing = following.standing(settling.settle(turn, now=now))
    feed = Feed(turn.session_id, turn.user_id, turn.turn_id, turn.started_at, runs_here=False)
    if standing.outcome is not None:
        standing.tell(feed)
        feed.runs_here = True
    kept = _followed(feed)
    return kept if kept is feed else worker.correct(kept)


def follow(session_id: str, user_id: str, turn_id: str, now: datetime) -> Feed:
    """The feed of a turn that may not have been recorded yet."""
    running = worker.running_turn(turn_id)
    if running is not None:
        return worker.correct(running.feed)
    turn = records.read([(session_id, turn_id)]).get(turn_id)
    if turn is not None:
        return feed_of(turn, now)
    return _followed(Feed(session_id, user_id, turn_id, now, runs_here=False))


def _followed(feed: Feed) -> Feed:
    kept = worker.follow(feed)
    if kept is feed and feed.outcome is None:
        # Where it fails, the worker does it in a moment.
        with suppress(StorageUnavailable):
            leases.follow(session_id=feed.session_id, turn_id=feed.turn_id)
    return kept
