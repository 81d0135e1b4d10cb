"""Turns: one model call at a time in a session, for whoever asks: REST, the page, the OpenAI wire.

A turn is started, and from then on it runs by itself. Everything here gives a feed of it, which
may be waited for, read as events, or left alone.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings

from sessions_app import encoders, event_loop, providers, tokenizer, tracing
from sessions_app.domain.data import Message, NewLease, Role
from sessions_app.domain.drafts import MessageDraft, NewMessage
from sessions_app.domain.errors import InvalidInput, StorageUnavailable, TurnInterrupted
from sessions_app.domain.quotas import Usage
from sessions_app.domain.responses import ResponseTerms
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.turns import Seen, Turn, TurnState
from sessions_app.repository import log
from sessions_app.repository.turns import leases, records
from sessions_app.services import attachments, file_texts, quotas
from sessions_app.services.deferred import deferred
from sessions_app.services.messages import batch_prepare, message_prepare
from sessions_app.services.sessions import branches
from sessions_app.services.tallies import tallies
from sessions_app.services.turns import settling
from sessions_app.services.turns.fanout import Feed, Place
from sessions_app.services.turns.slots import Slot
from sessions_app.services.turns.starting import (
    PendingTurn,
    feed_of,
    follow,
    known,
    launch,
    new_lease,
    resume,
)
from sessions_app.services.turns.turn import ModelCall, Stop, clock
from sessions_app.services.turns.worker import name_instance, owner, worker

_ATTEMPTS = 10
# Beside what the model may take: planning before, storing after.
_WAIT_BEYOND_SECONDS = 90


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What a turn is asked for with: at least one new message, and how to call the model.

    `client_id` is the key of the turn; without one it is that of the last message. `body` is a
    digest of what else that key is to stand for. With `behind`, the messages are stored directly
    behind that seq or not at all. The reply takes the place of `supersedes`, which the model is
    not shown. `response` are the terms of a response of the OpenAI wire. `ticket` is the place in
    the line where the request has waited, see `queueing`.
    """

    messages: Sequence[MessageDraft]
    call: ModelCall = field(default_factory=ModelCall)
    client_id: str | None = None
    body: str = ""
    behind: int | None = None
    supersedes: Sequence[int] = ()
    response: ResponseTerms | None = None
    ticket: str | None = None

    @property
    def key(self) -> str | None:
        """The idempotency key; None where the client has sent none."""
        return self.client_id or self.messages[-1].client_id


@dataclass(frozen=True, slots=True)
class TurnResult:
    """What came of a turn. `message` is None where it was cancelled before the model spoke."""

    user_message: Message | None
    message: Message | None
    seen: Seen | None
    state: TurnState


@tracing.step
def turn_start(*, session_id: str, user_id: str, request: TurnRequest, now: datetime) -> Feed:
    """Store the new messages, take the session's lease, and set the model to work.

    With a key that is known, nothing is stored again: a turn that has ended gives the feed of what
    came of it, one in progress its own, and one that has failed is run again. Raises InvalidInput,
    TooLarge, SessionNotFound, SessionExpired, SessionArchived, TurnInProgress, TooManyTurns,
    IdempotencyMismatch, Overtaken, QuotaReached, and NothingToAnswer where the question has been
    erased.
    """
    now = lifecycle.to_milliseconds(now)
    settled = attachments.settled(request.messages, session_id=session_id, user_id=user_id, now=now)
    request = replace(request, messages=settled)
    prepared = _prepared(request, now)
    if (replaces := request.messages[-1].replaces) is not None:
        branches.require_replaceable(
            session_id=session_id, user_id=user_id, seq=replaces, key=request.key
        )
    with Slot(user_id, request.call.model) as slot:
        for _ in range(_ATTEMPTS):
            lease = new_lease(request.key, request.ticket)
            appended = log.append(
                log.AppendRequest(
                    session_id=session_id,
                    user_id=user_id,
                    messages=prepared,
                    now=now,
                    default_ttl_seconds=settings.SESSION_TTL_SECONDS,
                    lease=lease,
                    newest_seq=request.behind,
                    # Beside the messages, room for the reply.
                    gate=quotas.Gate(user_id, spare=Usage(messages=1)),
                )
            )
            newest = appended.messages[-1]
            _take_its_place(newest, session_id, user_id, None if appended.replayed else lease)
            pending_turn = PendingTurn(
                session_id,
                user_id,
                request.key,
                request.call,
                newest,
                body=request.body,
                response=_located(request.response, appended.messages[0].seq),
            )
            if not appended.replayed:
                tallies.messages_stored(user_id, prepared, now)
                return launch(pending_turn, lease, slot, now, request.supersedes)
            feed = known(pending_turn, now) or resume(pending_turn, lease, slot, now)
            if feed is not None:
                return feed
    raise StorageUnavailable


@tracing.step
def turn_regenerate(
    *,
    session_id: str,
    user_id: str,
    client_id: str | None,
    call: ModelCall,
    now: datetime,
    ticket: str | None = None,
) -> Feed:
    """Have the model reply anew to the last user message.

    The messages that followed it stay as alternatives, marked with the new reply's seq once that
    is stored. Raises as `turn_start`, and NothingToAnswer.
    """
    now = lifecycle.to_milliseconds(now)
    with Slot(user_id, call.model) as slot:
        for _ in range(_ATTEMPTS):
            pending_turn = PendingTurn(session_id, user_id, client_id, call, regenerates=True)
            feed = known(pending_turn, now)
            if feed is None:
                quotas.require(user_id, Usage(messages=1))
                feed = resume(pending_turn, new_lease(client_id, ticket), slot, now)
            if feed is not None:
                return feed
    raise StorageUnavailable


@tracing.step
def turn_continue(
    *,
    session_id: str,
    user_id: str,
    client_id: str | None,
    call: ModelCall,
    now: datetime,
    ticket: str | None = None,
) -> Feed:
    """Have the model go on behind the results of tools that were stored last.

    Raises as `turn_start`, and InvalidInput where the newest message is none.
    """
    now = lifecycle.to_milliseconds(now)
    with Slot(user_id, call.model) as slot:
        for _ in range(_ATTEMPTS):
            pending_turn = PendingTurn(session_id, user_id, client_id, call)
            feed = known(pending_turn, now)
            if feed is None:
                session, newest = log.read_newest(session_id=session_id, user_id=user_id, limit=1)
                lifecycle.require_writable(session, now=now)
                if not newest or newest[-1].role is not Role.TOOL:
                    raise nothing_new()
                quotas.require(user_id, Usage(messages=1))
                feed = resume(
                    replace(pending_turn, message=newest[-1]),
                    new_lease(client_id, ticket),
                    slot,
                    now,
                    behind=session.message_count,
                )
            if feed is not None:
                return feed
    raise StorageUnavailable


def nothing_new() -> InvalidInput:
    """The error of a request that brings nothing to be answered."""
    error = InvalidInput("This field is required.", attr="content")
    error.code = "required"
    return error


def turn_wait(*, feed: Feed, seconds: float | None = None) -> TurnResult:
    """Wait for the end of a turn; raises what made it fail."""
    most = settings.LLM_TIMEOUT_SECONDS + settings.LLM_ANSWER_SECONDS + _WAIT_BEYOND_SECONDS
    event_loop.run(feed.ended(most if seconds is None else seconds))
    if feed.session_id:
        # What has been erased while this was waiting is not told.
        worker.correct(feed)
    outcome = feed.outcome
    if outcome is None or outcome.state is TurnState.RUNNING:
        raise TurnInterrupted
    if outcome.error is not None:
        raise outcome.error
    return TurnResult(feed.user_message, outcome.message, feed.seen, outcome.state)


def turn_begun(*, feed: Feed, seconds: float) -> None:
    """Wait for the first words of a turn, at most so long; raises what made it fail before them."""
    event_loop.run(feed.begun(seconds))
    outcome = feed.outcome
    if outcome is not None and outcome.error is not None and not (feed.length or feed.thoughts):
        raise outcome.error


@tracing.step
def turn_attach(
    *, session_id: str, user_id: str, after: Place | None, now: datetime
) -> Feed | None:
    """The turn that a reader left at `after`, else the one in progress; None if there is none.

    Raises SessionNotFound, SessionExpired.
    """
    session = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(session, now=now)
    if after is not None and after.past != "end":
        left = records.read([(session_id, after.turn_id)]).get(after.turn_id)
        if left is not None:
            return feed_of(left, now)
    if session.turn is None or not session.in_turn:
        return None
    if after is not None and after.turn_id == session.turn.turn_id:
        return None
    return follow(session_id, user_id, session.turn.turn_id, now)


@tracing.step
def turn_cancel(*, session_id: str, user_id: str, now: datetime) -> Feed | None:
    """Stop the turn in progress, wherever it runs; None if there is none.

    What the model has said so far is stored. Raises SessionNotFound, SessionExpired.
    """
    session = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(session, now=now)
    if session.turn is None or not session.in_turn:
        return None
    turn_id = session.turn.turn_id
    leases.cancel(session_id=session_id, user_id=user_id, turn_id=turn_id)
    worker.stop(turn_id, Stop.CANCELLED)
    return follow(session_id, user_id, turn_id, now)


def turn_stop(turn: Turn, now: datetime) -> Feed:
    """Stop this turn, wherever it runs, and no other of its session."""
    leases.cancel(session_id=turn.session_id, user_id=turn.user_id, turn_id=turn.turn_id)
    worker.stop(turn.turn_id, Stop.CANCELLED)
    return feed_of(turn, now)


def message_erased(session_id: str) -> None:
    """A message of this session has been erased: from now on no turn tells it here."""
    worker.erased(session_id)


def turns_look_after() -> None:
    """From now on end what workers leave behind that die; once in each process that serves.

    Also loads what a first turn would wait for, a second or more, without waiting for it.
    """
    worker.sweep_from_now_on()
    deferred.start()
    attachments.prepare_ahead.start(file_texts.derive_again)
    threading.Thread(target=_load, name="turns ahead", daemon=True).start()


def turns_name_instance(name: str) -> None:
    """What leases call the processes of one server, so that a dead one's can be told apart."""
    name_instance(name)


def turns_settle_dead(*, pids: Sequence[int]) -> int:
    """End the turns of processes of this instance that have died; how many there were."""
    return settling.settle_dead(owners={owner(pid) for pid in pids}, now=clock())


def turns_shut_down(*, seconds: float) -> None:
    """Let the turns of this process finish for so long, then end them as interrupted."""
    deadline = time.monotonic() + seconds
    while Slot.taken() and time.monotonic() < deadline:
        time.sleep(0.05)
    deferred.stop()
    attachments.prepare_ahead.stop()
    worker.let_go()
    left = worker.running
    for turn in left:
        worker.stop(turn.turn.turn_id, Stop.SHUTDOWN)
    for turn in left:
        event_loop.run(turn.feed.ended(2.0))


def _take_its_place(
    message: Message, session_id: str, user_id: str, lease: NewLease | None
) -> None:
    """Supersede the message in whose place this one is written, before a window is planned."""
    if message.replaces is None:
        return
    try:
        branches.message_replace(
            session_id=session_id, user_id=user_id, seq=message.replaces, by=message.seq
        )
    except BaseException:
        if lease is not None:
            leases.release(session_id=session_id, turn_id=lease.turn_id)
        raise


def _located(terms: ResponseTerms | None, first_seq: int) -> ResponseTerms | None:
    return None if terms is None else replace(terms, first_seq=first_seq)


def _load() -> None:
    encoders.load_encoder()
    providers.for_turns(count=tokenizer.count_tokens)


def _prepared(request: TurnRequest, now: datetime) -> list[NewMessage]:
    if len(request.messages) == 1:
        return [message_prepare(draft=request.messages[0], now=now)]
    return batch_prepare(batch=request.messages, now=now)
