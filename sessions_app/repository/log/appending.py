"""Appending messages: one guarded atomic update, exactly once, in order."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument
from pymongo.client_session import ClientSession

from sessions_app import instruments
from sessions_app.documents import MessageBucket, Session, collection
from sessions_app.domain.data import Appended, Message, NewLease, Status
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import (
    IdempotencyMismatch,
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
from sessions_app.repository.log import codec, once, pages, tail, waiting
from sessions_app.repository.log.codec import Stored
from sessions_app.repository.log.headers import Remembered, has_outgrown, memory
from sessions_app.repository.log.once import Repeat
from sessions_app.repository.log.spilled_keys import may_hold

# Each attempt fails only because another writer of the same session has just succeeded in moving
# its tail or changing its timeout, which happens once in many appends.
_ATTEMPTS = 20
# `Retry-After` for a caller that meets a turn in progress.
TURN_RETRY_SECONDS = 2


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
    for _ in range(_ATTEMPTS):
        remembered = memory.recall(session_id)
        spilled = _replay_spilled(request, remembered)
        if spilled is not None:
            return spilled
        header = push(_guarded(request, stored, size, remembered))
        if header is not None:
            memory.remember(
                session_id, tail_start=remembered.tail_start, ttl_seconds=remembered.ttl_seconds
            )
            after_push(session_id, header, len(stored))
            first_seq = header["message_count"] - len(stored) + 1
            return Appended(codec.decode_encoded(stored, first_seq), replayed=False)
        replayed = _explain(request)
        if replayed is not None:
            return replayed
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
        earlier = _find_in_buckets(session_id, keys)
        if earlier is not None:
            return _replay(request, *earlier)
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

    Outside of this module for writers that hold a session by a lease; they call `after_push`, too.
    """
    header: Stored | None = collection(Session).find_one_and_update(
        update.guard,
        _changes(update) if update.lease is None else _changes_with_lease(update, update.lease),
        projection={"message_count": 1, "tail_start": 1, "tail_bytes": 1},
        return_document=ReturnDocument.AFTER,
        session=transaction,
    )
    return header


def _sums(update: Push) -> dict[str, int]:
    """What the counters of a session grow by."""
    return {
        "message_count": len(update.messages),
        "token_count": sum(message["token_count"] for message in update.messages),
        "tail_bytes": update.size,
        "version": 1,
    }


def _changes(update: Push) -> Stored:
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
            return _replay(request, message["client_id"], seq)
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


def _find_in_buckets(session_id: str, keys: Sequence[str]) -> tuple[str, int] | None:
    """The first of `keys` that a bucket has, and the `seq` of its message."""
    bucket = collection(MessageBucket).find_one(
        {
            "session_id": session_id,
            "messages.client_id": keys[0] if len(keys) == 1 else {"$in": list(keys)},
        },
        {"first_seq": 1, "messages.client_id": 1},
    )
    if bucket is None:
        return None
    for seq, message in codec.run_of(bucket, "first_seq"):
        if message.get("client_id") in set(keys):
            return message["client_id"], seq
    return None


def _replay(request: AppendRequest, key: str, seq: int) -> Appended:
    """The earlier append that stored `key` at `seq`; raises IdempotencyMismatch for another one."""
    messages = request.messages
    first = seq - [message.client_id for message in messages].index(key)
    if first < 1:
        raise IdempotencyMismatch
    session, earlier = pages.read_range(
        session_id=request.session_id,
        user_id=request.user_id,
        first=first,
        last=first + len(messages) - 1,
    )
    lifecycle.require_readable(session, now=request.now)
    if len(earlier) != len(messages) or not all(map(_is_repeat, messages, earlier)):
        raise IdempotencyMismatch
    return Appended(earlier, replayed=True)


def _is_repeat(new: NewMessage, stored: Message) -> bool:
    return new.client_id == stored.client_id and new.says_the_same_as(stored)
