"""What a request for a turn comes to: a new one, the one that is known by its key, or a refusal."""

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sessions_app.domain import lifecycle
from sessions_app.domain.data import Message, Role, TurnLease
from sessions_app.domain.errors import IdempotencyMismatch, NothingToAnswer, TurnInProgress
from sessions_app.domain.limits import PAGE_MAX, TURN_LEASE_SECONDS
from sessions_app.domain.turns import Turn, TurnState
from sessions_app.repository import log, turns
from sessions_app.services import identity
from sessions_app.services.turns import following, settling
from sessions_app.services.turns.feeds import Feed
from sessions_app.services.turns.keeper import Keeper, keeper, owner
from sessions_app.services.turns.runs import ModelCall, Run
from sessions_app.services.turns.slots import Slot


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn that is asked for: to answer `message`, or, without, the last one anew.

    `body` is a digest of what else the same key is to stand for.
    """

    session_id: str
    user_id: str
    key: str | None
    call: ModelCall
    message: Message | None = None
    regenerates: bool = False
    body: str = ""

    @property
    def fingerprint(self) -> str:
        """Tells these parameters from others."""
        call = self.call
        values = [call.model, call.max_tokens, call.options, *([self.body] if self.body else [])]
        text = json.dumps(values, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


def new_lease(key: str | None, now: datetime) -> TurnLease:
    """The lease of a turn that this process would run."""
    return TurnLease(
        turn_id=identity.new_turn_id(),
        owner=owner(),
        deadline=now + timedelta(seconds=TURN_LEASE_SECONDS),
        client_id=key,
    )


def launch(
    asked: Asked,
    lease: TurnLease,
    slot: Slot,
    now: datetime,
    supersedes: Sequence[int] = (),
) -> Feed:
    """Record the turn that holds the lease now, and run it on a thread of its own.

    It plans while it is being recorded, and calls no model before it is.
    """
    assert asked.message is not None  # noqa: S101 - the caller has found it
    turn = Turn(
        turn_id=lease.turn_id,
        session_id=asked.session_id,
        user_id=asked.user_id,
        state=TurnState.RUNNING,
        user_seq=asked.message.seq,
        started_at=now,
        deadline=lease.deadline,
        client_id=asked.key,
        fingerprint=asked.fingerprint,
        regenerates=asked.regenerates,
    )
    feed = Feed(asked.session_id, asked.user_id, turn.turn_id, now)
    feed.user_message = asked.message
    run = Run(turn, asked.call, feed, supersedes)
    args = [run, slot, keeper]
    try:
        threading.Thread(target=_run, args=args, name=turn.turn_id, daemon=True).start()
        # Not before: a thread that does not begin gives no slot back.
        slot.keep()
        turns.records.insert(turn)
    except BaseException:
        run.recorded(False)
        turns.leases.release(session_id=turn.session_id, turn_id=turn.turn_id)
        raise
    keeper.enter(run)
    run.recorded(True)
    return feed


def _run(run: Run, slot: Slot, keeper: Keeper) -> None:
    try:
        run.run()
        keeper.leave(run)
        run.afterwards()
    finally:
        keeper.leave(run)
        slot.give_back()


def known(asked: Asked, now: datetime) -> Feed | None:
    """The feed of the turn that this key stands for; None where it is to be run."""
    if asked.key is None:
        return None
    turn = turns.records.newest_of_key(session_id=asked.session_id, client_id=asked.key)
    if turn is None:
        return None
    session = log.read_header(session_id=asked.session_id, user_id=asked.user_id)
    lifecycle.require_readable(session, now=now)
    wanted = (asked.fingerprint, asked.regenerates)
    if (turn.fingerprint, turn.regenerates) != wanted:
        raise IdempotencyMismatch
    turn = settling.settle(turn, now=now)
    return None if turn.state is TurnState.FAILED else feed_of(turn, now)


def resume(
    asked: Asked,
    lease: TurnLease,
    slot: Slot,
    now: datetime,
    supersedes: Sequence[int] = (),
    behind: int | None = None,
) -> Feed | None:
    """Run a turn for messages that are stored; None when it is to be tried again.

    With `behind`, only where that is the seq of the session's newest message.
    """
    taken = turns.leases.take(
        session_id=asked.session_id, user_id=asked.user_id, lease=lease, now=now, behind=behind
    )
    if taken is None:
        return _holder(asked, now)
    if asked.message is None:
        try:
            question, supersedes = _last_question(asked.session_id, asked.user_id)
        except BaseException:
            turns.leases.release(session_id=asked.session_id, turn_id=lease.turn_id)
            raise
        asked = replace(asked, message=question)
    return launch(asked, lease, slot, now, supersedes)


def _holder(asked: Asked, now: datetime) -> Feed | None:
    """Why the lease could not be taken; the feed of the turn that has it when the key is its."""
    session = log.read_header(session_id=asked.session_id, user_id=asked.user_id)
    lifecycle.require_writable(session, now=now)
    if session.turn is not None and session.in_turn(now=now):
        if asked.key is not None and session.turn.client_id == asked.key:
            return follow(asked.session_id, asked.user_id, session.turn.turn_id, now)
        raise TurnInProgress(retry_after=log.TURN_RETRY_SECONDS)
    end_overdue(asked.session_id, asked.user_id, now)
    return None


def end_overdue(session_id: str, user_id: str, now: datetime) -> None:
    """End the turn whose lease has run out; raises TurnInProgress for one that has not."""
    lease = log.read_header(session_id=session_id, user_id=user_id).turn
    if lease is None:
        return
    if lease.deadline > now:
        raise TurnInProgress(retry_after=log.TURN_RETRY_SECONDS)
    turn = turns.records.read([(session_id, lease.turn_id)]).get(lease.turn_id)
    if turn is not None:
        settling.settle(turn, now=now)
    turns.leases.release_overdue(session_id=session_id, turn_id=lease.turn_id, now=now)


def _last_question(session_id: str, user_id: str) -> tuple[Message, list[int]]:
    """The last user message, and the replies to it that are still current."""
    limit = 64
    while True:
        _, newest = log.read_newest(session_id=session_id, user_id=user_id, limit=limit)
        questions = [m for m in newest if m.role is Role.USER and not m.deleted]
        asked = [m for m in questions if m.superseded_by is None]
        if asked:
            return asked[-1], [
                message.seq
                for message in newest
                if message.seq > asked[-1].seq
                and message.role in {Role.ASSISTANT, Role.TOOL}
                and message.superseded_by is None
            ]
        if len(newest) < limit or limit >= PAGE_MAX:
            raise NothingToAnswer
        limit = PAGE_MAX


def feed_of(turn: Turn, now: datetime) -> Feed:
    """The feed of a recorded turn, running here or elsewhere, or ended."""
    run = keeper.run_of(turn.turn_id)
    if run is not None:
        return run.feed
    feed = Feed(turn.session_id, turn.user_id, turn.turn_id, turn.started_at)
    following.bring_up_to_date(feed, turn, now=now)
    return feed if feed.outcome is not None else keeper.follow(feed)


def follow(session_id: str, user_id: str, turn_id: str, now: datetime) -> Feed:
    """The feed of a turn that may not have been recorded yet."""
    run = keeper.run_of(turn_id)
    if run is not None:
        return run.feed
    turn = turns.records.read([(session_id, turn_id)]).get(turn_id)
    if turn is not None:
        return feed_of(turn, now)
    return keeper.follow(Feed(session_id, user_id, turn_id, now))
