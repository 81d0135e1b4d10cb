"""Appending messages: one guarded atomic update, exactly once, in order."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pymongo
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.errors import PyMongoError, WriteConcernError

from sessions_app import instruments
from sessions_app.documents import Session, collection
from sessions_app.domain.data import Appended, NewLease, Status
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import (
    Overtaken,
    QuotaReached,
    SessionError,
    SessionNotFound,
    StorageUnavailable,
    TurnInProgress,
)
from sessions_app.domain.items import brought_ids
from sessions_app.domain.limits import TAIL_HARD_BYTES
from sessions_app.domain.quotas import Gate, Usage
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import failures
from sessions_app.repository.log import codec, once, replays, tail, waiting
from sessions_app.repository.log.codec import Stored
from sessions_app.repository.log.headers import Remembered, has_outgrown, memory
from sessions_app.repository.log.once import Repeat
from sessions_app.repository.log.spilled_keys import may_hold

# Each attempt fails only because another writer of the same session has just succeeded in moving
# its tail or changing its timeout, which happens once in many appends.
_ATTEMPTS = 20
# `Retry-After` for a caller that meets a turn in progress.
TURN_RETRY_SECONDS = 2
# What is asked of a session after the update.
_COUNTERS = {"message_count": 1, "tail_start": 1, "tail_bytes": 1}
# As all writes of a connection are; a command has to say so itself.
_MAJORITY = {"w": "majority", "j": True}
# Where a connection names no limit to its operations.
_SECONDS = 10.0
# Between repetitions, from the second on.
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class AppendRequest:
    """Messages to append to a session, all or none, at consecutive `seq`.

    `lease` is that of a turn to start in the same step. With `newest_seq`, the messages are
    appended only while that is the seq of the session's newest message. With `repeat`, not if
    such messages are there: they are the same batch under another key. `gate` counts them for
    their user's quotas.
    """

    session_id: str
    user_id: str
    messages: Sequence[NewMessage]
    now: datetime
    default_ttl_seconds: int
    lease: NewLease | None = None
    newest_seq: int | None = None
    repeat: Repeat | None = None
    gate: Gate | None = None

    @property
    def keys(self) -> list[str]:
        """The idempotency keys of the messages that have one."""
        return [message.client_id for message in self.messages if message.client_id]

    @property
    def item_ids(self) -> list[str]:
        """The ids that a client brought for items of the messages."""
        return [each for m in self.messages if m.items for each in brought_ids(m.items)]

    def under(self, key: str) -> AppendRequest:
        """The same batch with the keys of an earlier one."""
        messages = [
            replace(message, client_id=f"{key}/{position}")
            for position, message in enumerate(self.messages)
        ]
        return replace(self, messages=messages, repeat=None)


@dataclass(frozen=True, slots=True)
class Push:
    """The update that adds stored `messages` to the session that `guard` matches.

    `size` are their bytes. `expires_at` is the session's timeout from then on, None for never.
    `lease` starts a turn in the same step; `ends_turn` ends the one that the guard names.
    """

    guard: Stored
    messages: Sequence[Stored]
    size: int
    now: datetime
    expires_at: datetime | None
    lease: NewLease | None = None
    ends_turn: bool = False


@failures.translated
def append(request: AppendRequest) -> Appended:
    """Append the messages and take the lease, in one step.

    When one of their `client_id`s is known in this session, nothing is stored and the messages of
    that earlier append are returned. Raises SessionNotFound, SessionExpired, SessionArchived,
    IdempotencyMismatch (a known key with another body, or a batch known in part), Overtaken (see
    `newest_seq`), DuplicateItem, QuotaReached, and with a lease TurnInProgress; a lease that has
    run out is taken over.
    """
    began = time.monotonic()
    appended = _gated(request)
    instruments.appended_in(time.monotonic() - began)
    return appended


def _gated(request: AppendRequest) -> Appended:
    """Append what the quota has room for."""
    stored = [codec.encode_message(message) for message in request.messages]
    need = Usage(messages=len(stored), bytes=sum(map(codec.stored_size, stored)))
    if request.gate is None:
        return _append(request, stored, need.bytes)
    try:
        request.gate.take(need)
    except QuotaReached:
        # What is stored already needs no room; and a session that takes no message says so.
        earlier = _repeated(request)
        if earlier is None:
            raise
        return earlier
    try:
        appended = _append(request, stored, need.bytes)
    except StorageUnavailable:
        # It may have been stored.
        raise
    except SessionError:
        request.gate.give_back(need)
        raise
    if appended.replayed:
        request.gate.give_back(need)
    return appended


def _append(request: AppendRequest, stored: Sequence[Stored], size: int) -> Appended:
    session_id = request.session_id
    may_be_stored = False
    for _ in range(_ATTEMPTS):
        with memory.turn(session_id):
            remembered = memory.recall(session_id)
            spilled = _replay_spilled(request, remembered)
            if spilled is not None:
                return spilled
            header, is_repeated = push_guarded(_guarded(request, stored, size, remembered))
            if header is not None:
                memory.confirm(session_id, remembered)
                after_push(session_id, header, len(stored))
                first_seq = header["message_count"] - len(stored) + 1
                return Appended(codec.appended(request.messages, first_seq), replayed=False)
        may_be_stored |= is_repeated
        earlier = replays.own(request, remembered.tail_start) if may_be_stored else None
        if earlier is None:
            earlier = _explain(request)
        if earlier is not None:
            return earlier
        instruments.store_retried("contention")
    raise StorageUnavailable


def _repeated(request: AppendRequest) -> Appended | None:
    """The earlier append that this one repeats, if it does; raises what keeps it from one."""
    # The first round may learn no more than where the tail begins.
    for _ in range(2):
        spilled = _replay_spilled(request, memory.recall(request.session_id))
        earlier = spilled or _explain(request)
        if earlier is not None:
            return earlier
    return None


def _replay_spilled(request: AppendRequest, remembered: Remembered) -> Appended | None:
    """The earlier append that this one repeats, where that has left the tail."""
    session_id, keys = request.session_id, request.keys
    if remembered.tail_start <= 1:
        return None
    if keys and may_hold(session_id, keys, remembered.tail_start):
        earlier = replays.find_in_buckets(session_id, keys)
        if earlier is not None:
            return replays.replay(request, *earlier)
    if request.repeat or request.item_ids:
        if request.repeat and (key := once.spilled_key(session_id, request.repeat)):
            return _gated(request.under(key))
        once.refuse_spilled(session_id, request.item_ids)
    return None


def _guarded(
    request: AppendRequest, stored: Sequence[Stored], size: int, remembered: Remembered
) -> Push:
    """The update, guarded by everything that it was decided on."""
    guard: dict[str, Any] = {
        "_id": request.session_id,
        "user_id": request.user_id,
        "status": Status.ACTIVE.value,
        "expires_at": {"$not": {"$lte": request.now}},
        "ttl_seconds": remembered.ttl_seconds,
        "tail_bytes": {"$lt": TAIL_HARD_BYTES},
        # Between the look for a key in the buckets and this update, a message with the key could
        # move from the tail, where this guard looks, to a bucket; then `tail_start` has changed.
        "tail_start": remembered.tail_start,
    }
    if request.keys:
        guard["messages.client_id"] = {"$nin": request.keys}
    else:
        # Where the answer to this gets lost, it is sent again.
        guard["messages.id"] = {"$ne": request.messages[0].id}
    if request.repeat or request.item_ids:
        guard["$nor"] = once.obstacles(request.repeat, request.item_ids)
    if request.newest_seq is not None:
        guard["message_count"] = request.newest_seq
    expires_at = lifecycle.expiry(
        now=request.now,
        ttl_seconds=remembered.ttl_seconds,
        default_ttl_seconds=request.default_ttl_seconds,
    )
    if request.lease is not None:
        guard |= waiting.guard(request.lease)
    return Push(guard, stored, size, request.now, expires_at, lease=request.lease)


def push(update: Push, transaction: ClientSession | None = None) -> Stored | None:
    """Carry out the update; the session's counters after it, None when the guard did not match.

    For writers that hold a session by a lease; they call `after_push`, too.
    """
    header: Stored | None = collection(Session).find_one_and_update(
        update.guard,
        _changes(update),
        projection=_COUNTERS,
        return_document=ReturnDocument.AFTER,
        session=transaction,
    )
    return header


def push_guarded(update: Push) -> tuple[Stored | None, bool]:
    """The same for a guard that keeps the messages from being stored twice.

    Also whether the update was sent more than once, so that one before the last may have stored
    them. MongoDB keeps a copy of the whole document for each `find_one_and_update`, from which it
    would answer a repetition: up to a fifth of what an append costs it (decision 42). So this is a
    command that the driver does not repeat, and that is repeated here for as long as an operation
    may take.
    """
    database = collection(Session).database
    command = {
        "findAndModify": Session.COLLECTION,
        "query": update.guard,
        "update": _changes(update),
        "fields": _COUNTERS,
        "new": True,
        "writeConcern": _MAJORITY,
    }
    ends = time.monotonic() + (database.client.options.timeout or _SECONDS)
    is_repeated, left = False, None
    while True:
        try:
            with nullcontext() if left is None else pymongo.timeout(left):
                return _value_of(database.command(command)), is_repeated
        except PyMongoError as error:
            left = ends - time.monotonic()
            if left <= 0 or not failures.is_passing(error):
                raise
        instruments.store_retried("unavailable")
        if is_repeated:
            time.sleep(_PAUSE_SECONDS)
        is_repeated = True


def _value_of(answer: Mapping[str, Any]) -> Stored | None:
    """The document of an answer; raises WriteConcernError, which `command` leaves in it."""
    if problem := answer.get("writeConcernError"):
        raise WriteConcernError(problem.get("errmsg", ""), problem.get("code"), problem)
    value: Stored | None = answer["value"]
    return value


def _sums(update: Push) -> dict[str, int]:
    """What the counters of a session grow by."""
    return {
        "message_count": len(update.messages),
        "token_count": sum(message["token_count"] for message in update.messages),
        "tail_bytes": update.size,
        "version": 1,
    }


def _changes(update: Push) -> Stored | list[Stored]:
    if update.lease is not None:
        return _changes_with_lease(update, update.lease)
    removed: Stored = {"turn": 1} if update.ends_turn else {}
    if update.expires_at is None:
        removed["expires_at"] = 1
    return {
        "$push": {"messages": {"$each": list(update.messages)}},
        "$inc": _sums(update),
        # Workers' clocks differ, if only by milliseconds: activity never moves backwards, and it
        # only ever extends a timeout.
        "$max": {
            "updated_at": update.now,
            **({"expires_at": update.expires_at} if update.expires_at else {}),
        },
        **({"$unset": removed} if removed else {}),
    }


def _changes_with_lease(update: Push, lease: NewLease) -> list[Stored]:
    """The same as a pipeline, which alone can tell the time of MongoDB's clock."""
    sums = {name: {"$add": [f"${name}", by]} for name, by in _sums(update).items()}
    # A session does not time out while it is in a turn, however short its timeout.
    until = (
        {"$max": ["$expires_at", update.expires_at, codec.lease_end()]}
        if update.expires_at
        else "$$REMOVE"
    )
    messages = {"$concatArrays": ["$messages", {"$literal": list(update.messages)}]}
    line = {waiting.LINE: waiting.left(lease.ticket)} if lease.ticket else {}
    return [
        {
            "$set": {
                "messages": messages,
                **sums,
                "updated_at": {"$max": ["$updated_at", update.now]},
                "expires_at": until,
                "turn": codec.encode_lease(lease),
                **line,
            }
        }
    ]


def after_push(session_id: str, header: Stored, number: int) -> None:
    """Count `number` messages that were stored, and spill a tail that has outgrown its bounds."""
    instruments.messages_appended(number)
    if has_outgrown(header):
        tail.tidy(session_id)


def _explain(request: AppendRequest) -> Appended | None:
    """Why a guard did not match: raised, or a replay; None when trying again is right."""
    session_id, keys = request.session_id, request.keys
    stored_session = collection(Session).find_one(
        {"_id": session_id, "user_id": request.user_id}, {**codec.HEADER, "messages": 1}
    )
    if stored_session is None:
        raise SessionNotFound
    session = codec.decode_session(stored_session)
    lifecycle.require_readable(session, now=request.now)
    for seq, message in codec.run_of(stored_session, "tail_start"):
        if message.get("client_id") in keys:
            return replays.replay(request, message["client_id"], seq)
    if request.repeat and (key := request.repeat.key_in(stored_session["messages"])):
        return _gated(request.under(key))
    if memory.recall(session_id) != (session.tail_start, session.ttl_seconds):
        memory.remember(session_id, tail_start=session.tail_start, ttl_seconds=session.ttl_seconds)
        return None
    # After the look for a key: a message that was acknowledged stays acknowledged, even when the
    # session has been archived since.
    lifecycle.require_writable(session, now=request.now)
    if request.lease is not None and (
        session.in_turn or waiting.is_awaited(session_id, request.lease)
    ):
        raise TurnInProgress(retry_after=TURN_RETRY_SECONDS)
    if request.newest_seq is not None and session.message_count != request.newest_seq:
        raise Overtaken
    once.refuse_known(stored_session["messages"], request.item_ids)
    if stored_session["tail_bytes"] >= TAIL_HARD_BYTES:
        tail.spill(session_id)
    return None
