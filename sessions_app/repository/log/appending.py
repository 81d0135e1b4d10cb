"""Appending messages: one guarded atomic update, exactly once, in order."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo import ReturnDocument

from sessions_app import instruments
from sessions_app.documents import MessageBucket, Session
from sessions_app.domain import lifecycle
from sessions_app.domain.data import Appended, Message, NewMessage, Status, TurnLease
from sessions_app.domain.errors import (
    IdempotencyMismatch,
    Overtaken,
    SessionNotFound,
    StorageUnavailable,
    TurnInProgress,
)
from sessions_app.domain.limits import TAIL_HARD_BYTES
from sessions_app.repository import failures
from sessions_app.repository.log import codec, pages, tail
from sessions_app.repository.log.codec import Stored
from sessions_app.repository.log.headers import Remembered, memory
from sessions_app.repository.log.spilled_keys import may_hold

# Each attempt fails only because another writer of the same session has just succeeded in moving
# its tail or changing its timeout, which happens once in many appends.
_ATTEMPTS = 20
# How long a caller that found a turn in progress is told to wait.
RETRY_SECONDS = 2


@failures.translated
def append(
    *,
    session_id: str,
    user_id: str,
    messages: Sequence[NewMessage],
    now: datetime,
    default_ttl_seconds: int,
    lease: TurnLease | None = None,
    behind: int | None = None,
) -> Appended:
    """Append `messages`, all or none, at consecutive `seq`, and take `lease` in the same step.

    When one of their `client_id`s is known in this session, nothing is stored and the messages of
    that earlier append are returned. Raises SessionNotFound, SessionExpired, SessionArchived,
    IdempotencyMismatch (a known key with another body, or a batch known in part), and with a
    lease TurnInProgress: also for one that has run out, which the caller is to settle first.
    With `behind`, raises Overtaken unless that is the seq of the session's newest message.
    """
    stored = [codec.stored_message(message) for message in messages]
    keys = [message.client_id for message in messages if message.client_id]
    for _ in range(_ATTEMPTS):
        known = memory.recall(session_id)
        if known.tail_start > 1 and keys and may_hold(session_id, keys, known.tail_start):
            found = _find_in_buckets(session_id, keys)
            if found is not None:
                return _replay(session_id, user_id, messages, *found, now=now)
        after = _push(
            session_id, user_id, stored, keys, known, now, default_ttl_seconds, lease, behind
        )
        if after is not None:
            instruments.messages_appended(len(stored))
            if tail.outgrown(after):
                tail.tidy(session_id)
            first = after["message_count"] - len(stored) + 1
            return Appended(codec.message_run(stored, first), replayed=False)
        replayed = _explain(session_id, user_id, messages, keys, now, lease, behind)
        if replayed is not None:
            return replayed
    raise StorageUnavailable


def _push(
    session_id: str,
    user_id: str,
    stored: Sequence[Stored],
    keys: Sequence[str],
    known: Remembered,
    now: datetime,
    default_ttl_seconds: int,
    lease: TurnLease | None,
    behind: int | None,
) -> Stored | None:
    """The atomic update; None when its guard did not match."""
    guard: dict[str, Any] = {
        "_id": session_id,
        "user_id": user_id,
        "status": Status.ACTIVE.value,
        "expires_at": {"$not": {"$lte": now}},
        "ttl_seconds": known.ttl_seconds,
        "tail_bytes": {"$lt": TAIL_HARD_BYTES},
        # Holds the window between looking for a key in the buckets and this update shut: no
        # message can have moved from the tail, where this guard looks, to a bucket.
        "tail_start": known.tail_start,
    }
    if keys:
        guard["messages.client_id"] = {"$nin": list(keys)}
    if behind is not None:
        guard["message_count"] = behind
    expires_at = lifecycle.expiry(
        now=now, ttl_seconds=known.ttl_seconds, default_ttl_seconds=default_ttl_seconds
    )
    written: Stored = {}
    if lease is not None:
        guard["turn"] = None
        written["turn"] = codec.stored_lease(lease)
        # A session does not time out while it is in a turn, however short its timeout.
        expires_at = max(expires_at, lease.deadline) if expires_at else None
    if expires_at:
        written["expires_at"] = expires_at
    after: Stored | None = Session._get_collection().find_one_and_update(
        guard,
        {
            "$push": {"messages": {"$each": list(stored)}},
            "$inc": {
                "message_count": len(stored),
                "token_count": sum(message["token_count"] for message in stored),
                "tail_bytes": sum(codec.size(message) for message in stored),
                "version": 1,
            },
            # Workers' clocks differ by milliseconds; activity never moves backwards.
            "$max": {"updated_at": now},
            **({"$set": written} if written else {}),
            **({} if expires_at else {"$unset": {"expires_at": 1}}),
        },
        projection={"message_count": 1, "tail_start": 1, "tail_bytes": 1, "ttl_seconds": 1},
        return_document=ReturnDocument.AFTER,
    )
    if after is not None:
        memory.remember(session_id, tail_start=known.tail_start, ttl_seconds=known.ttl_seconds)
    return after


def _explain(
    session_id: str,
    user_id: str,
    messages: Sequence[NewMessage],
    keys: Sequence[str],
    now: datetime,
    lease: TurnLease | None,
    behind: int | None,
) -> Appended | None:
    """Why a guard did not match: raised, or a replay; None when trying again is right."""
    held = Session._get_collection().find_one({"_id": session_id, "user_id": user_id})
    if held is None:
        raise SessionNotFound
    session = codec.session(held)
    lifecycle.require_readable(session, now=now)
    for seq, message in enumerate(held["messages"], held["tail_start"]):
        if message.get("client_id") in keys:
            return _replay(session_id, user_id, messages, message["client_id"], seq, now=now)
    if memory.recall(session_id) != (session.tail_start, session.ttl_seconds):
        memory.remember(session_id, tail_start=session.tail_start, ttl_seconds=session.ttl_seconds)
        return None
    # Asked after the look for a key, because what was acknowledged before stays acknowledged.
    lifecycle.require_writable(session, now=now)
    if lease is not None and session.turn is not None:
        raise TurnInProgress(retry_after=RETRY_SECONDS)
    if behind is not None and session.message_count != behind:
        raise Overtaken
    if held["tail_bytes"] >= TAIL_HARD_BYTES:
        tail.spill(session_id)
    return None


def _find_in_buckets(session_id: str, keys: Sequence[str]) -> tuple[str, int] | None:
    """A key that stands in a bucket, and the `seq` of its message."""
    wanted = set(keys)
    found = MessageBucket._get_collection().find_one(
        {
            "session_id": session_id,
            "messages.client_id": keys[0] if len(keys) == 1 else {"$in": list(keys)},
        },
        {"first_seq": 1, "messages.client_id": 1},
    )
    if found is None:
        return None
    for seq, message in enumerate(found["messages"], found["first_seq"]):
        if message.get("client_id") in wanted:
            return message["client_id"], seq
    return None


def _replay(
    session_id: str,
    user_id: str,
    messages: Sequence[NewMessage],
    key: str,
    seq: int,
    *,
    now: datetime,
) -> Appended:
    """The earlier append that `key` at `seq` belongs to, when it was the same one."""
    place = [message.client_id for message in messages].index(key)
    first = seq - place
    if first < 1:
        raise IdempotencyMismatch
    session, earlier = pages.read_range(
        session_id=session_id, user_id=user_id, first=first, last=first + len(messages) - 1
    )
    lifecycle.require_readable(session, now=now)
    if len(earlier) != len(messages) or not all(map(_is_repeat, messages, earlier)):
        raise IdempotencyMismatch
    return Appended(earlier, replayed=True)


def _is_repeat(new: NewMessage, stored: Message) -> bool:
    return new.client_id == stored.client_id and new.says_the_same_as(stored)
