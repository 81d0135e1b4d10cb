"""Sessions as wholes: create, list, change, archive, delete."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import pymongo
from pymongo import ReturnDocument, WriteConcern
from pymongo.client_session import ClientSession

from sessions_app.documents import MessageBucket, Session
from sessions_app.domain import data, lifecycle, tail
from sessions_app.domain.data import (
    NewSession,
    SessionPage,
    SessionPosition,
    Status,
)
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import LegalHold, SessionNotFound, VersionMismatch
from sessions_app.repository import belongings, failures, log, summaries, titles
from sessions_app.repository.log import Stored, memory, new_bucket

_TRANSACTION_OPERATIONS = 4


@failures.translated
def insert(new: NewSession, history: Sequence[NewMessage]) -> data.Session:
    """Store a new session with its messages: the newest in its tail, the others in buckets."""
    messages = [log.encode_message(message) for message in history]
    sizes = [log.stored_size(message) for message in messages]
    start, buckets = 0, []
    for length in tail.runs(sizes):
        buckets.append(new_bucket(new.session_id, start + 1, messages[start : start + length]))
        start += length
    document = log.encode_session(new) | {
        "messages": messages[start:],
        "tail_start": start + 1,
        "tail_bytes": sum(sizes[start:]),
        "message_count": len(messages),
        "token_count": sum(message["token_count"] for message in messages),
    }
    Session._from_son(document).validate()
    if buckets:
        in_transaction(lambda transaction: _insert_all(document, buckets, transaction))
    else:
        Session._get_collection().insert_one(document)
    memory.remember(new.session_id, tail_start=start + 1, ttl_seconds=new.ttl_seconds)
    return log.decode_session(document)


def _insert_all(document: Stored, buckets: list[Stored], transaction: ClientSession) -> None:
    MessageBucket._get_collection().insert_many(buckets, session=transaction)
    Session._get_collection().insert_one(document, session=transaction)


@failures.translated
def fork(
    new: NewSession, *, source_id: str, up_to_seq: int, new_message_id: Callable[[], str]
) -> data.Session:
    """Store `new` with a copy of the source's messages up to `up_to_seq`, under new ids.

    One transaction: the source is read as it was at one moment, and a copy that is interrupted
    leaves nothing behind. Memory stays bounded by the tail, whatever the length.
    """
    stored: data.Session | None = None

    def copy(transaction: ClientSession) -> None:
        nonlocal stored
        source = Session._get_collection().find_one(
            {"_id": source_id, "user_id": new.user_id}, session=transaction
        )
        if source is None:
            raise SessionNotFound
        stored = _copy_messages(new, source, up_to_seq, new_message_id, transaction)

    in_transaction(copy)
    assert stored is not None  # noqa: S101 - `copy` has run to its end
    return stored


def _copy_messages(
    new: NewSession,
    source: Stored,
    up_to_seq: int,
    new_message_id: Callable[[], str],
    transaction: ClientSession,
) -> data.Session:
    start, tokens = 1, 0
    held: list[Stored] = []
    sizes: list[int] = []
    for stored, seq in log.walk_stored_messages(source, transaction=transaction):
        if seq > up_to_seq:
            break
        copied = stored | {"id": new_message_id()}
        if copied.get("superseded_by", 0) > up_to_seq:
            # What took its place stays behind, so in the fork it is the reply again.
            del copied["superseded_by"]
        held.append(copied)
        sizes.append(log.stored_size(copied))
        tokens += copied["token_count"]
        if length := tail.next_run(sizes):
            MessageBucket._get_collection().insert_one(
                new_bucket(new.session_id, start, held[:length]), session=transaction
            )
            held, sizes, start = held[length:], sizes[length:], start + length
    document = log.encode_session(new) | {
        "messages": held,
        "tail_start": start,
        "tail_bytes": sum(sizes),
        "message_count": start - 1 + len(held),
        "token_count": tokens,
        **summaries.carried(source, up_to_seq),
        **titles.carried(source, new.title),
    }
    Session._get_collection().insert_one(document, session=transaction)
    return log.decode_session(document)


@failures.translated
def list_page(
    *,
    user_id: str,
    status: Status,
    now: datetime,
    limit: int,
    position: SessionPosition | None,
    backwards: bool,
) -> SessionPage:
    """A page of the user's sessions after (or, `backwards`, before) `position`, newest first."""
    direction = 1 if backwards else -1
    query: Stored = {
        "user_id": user_id,
        "status": status.value,
        # Past its timeout means gone from the list at once, whether or not a sweeper has passed.
        "expires_at": {"$not": {"$lte": now}},
    }
    if position is not None:
        beyond = "$gt" if backwards else "$lt"
        query["updated_at"] = {f"{beyond}e": position.moment}
        query["$or"] = [
            {"updated_at": {beyond: position.moment}},
            {"updated_at": position.moment, "_id": {beyond: position.session_id}},
        ]
    found = list(
        Session._get_collection()
        .find(query, log.HEADER)
        .sort([("updated_at", direction), ("_id", direction)])
        .limit(limit + 1)
    )
    more = len(found) > limit
    sessions = [log.decode_session(stored) for stored in found[:limit]]
    if backwards:
        sessions.reverse()
        return SessionPage(sessions, has_previous=more, has_next=True)
    return SessionPage(sessions, has_previous=position is not None, has_next=more)


@failures.translated
def change(
    *,
    session: data.Session,
    changes: Mapping[str, Any],
    now: datetime,
    versions: frozenset[int] | None,
) -> data.Session | None:
    """Write the fields of `changes` (None unsets one) on an active session.

    `versions` are those the caller accepts, None for any. Raises as `lifecycle.require_writable`,
    and SessionNotFound or VersionMismatch.
    """
    guard: Stored = {
        "_id": session.session_id,
        "user_id": session.user_id,
        "status": Status.ACTIVE.value,
        "expires_at": {"$not": {"$lte": now}},
        # `changes` may have been computed from these.
        "ttl_seconds": session.ttl_seconds,
        "context_policy": log.encode_policy(session.context_policy),
    }
    if versions is not None:
        guard["version"] = {"$in": list(versions)}
    if "title" in changes:
        # From here on it is a person's.
        changes = {**changes, "titled_from": None}
    after = _update(guard, changes, now)
    if after is not None:
        return after
    current = log.read_header(session_id=session.session_id, user_id=session.user_id)
    lifecycle.require_writable(current, now=now)
    if versions is not None and current.version not in versions:
        raise VersionMismatch
    return None


@failures.translated
def set_status(
    *, session: data.Session, status: Status, changes: Mapping[str, Any], now: datetime
) -> data.Session | None:
    """Move a session to `status` with `changes`; None when it has changed since it was read.

    Guarded by what the decision rested on, not by the version: appends would raise that faster
    than a busy session could be archived.
    """
    expired = lifecycle.has_expired(session, now=now)
    return _update(
        {
            "_id": session.session_id,
            "user_id": session.user_id,
            "status": session.status.value,
            "ttl_seconds": session.ttl_seconds,
            "expires_at": session.expires_at if expired else {"$not": {"$lte": now}},
        },
        {"status": status.value, **changes},
        now,
    )


def _update(guard: Stored, changes: Mapping[str, Any], now: datetime) -> data.Session | None:
    written, removed = log.encode_changes(changes)
    after = Session._get_collection().find_one_and_update(
        guard,
        {
            "$inc": {"version": 1},
            "$max": {"updated_at": now},
            **({"$set": written} if written else {}),
            **({"$unset": removed} if removed else {}),
        },
        projection=log.HEADER,
        return_document=ReturnDocument.AFTER,
    )
    if after is None:
        return None
    session = log.decode_session(after)
    memory.remember(
        session.session_id, tail_start=session.tail_start, ttl_seconds=session.ttl_seconds
    )
    return session


@failures.translated
def delete(*, session_id: str, user_id: str) -> None:
    """Remove a session and all that belongs to it together; raises SessionNotFound or LegalHold."""

    def remove(transaction: ClientSession) -> bool:
        gone = Session._get_collection().delete_one(
            {"_id": session_id, "user_id": user_id, "legal_hold": {"$ne": True}},
            session=transaction,
        )
        if gone.deleted_count:
            belongings.delete_all(session_id, transaction)
        return bool(gone.deleted_count)

    if not in_transaction(remove):
        log.read_header(session_id=session_id, user_id=user_id)
        raise LegalHold


def in_transaction(work: Any, write_concern: WriteConcern | None = None) -> Any:
    """Run `work(transaction)`; the driver repeats it when MongoDB asks for that.

    It is acknowledged as everything else is, unless `write_concern` says otherwise.

    A transaction may move a whole long session, so it has several times what one operation has;
    without a limit of its own the driver would repeat it for two minutes.
    """
    client = failures.client()
    limit = client.options.timeout
    with (
        pymongo.timeout(limit * _TRANSACTION_OPERATIONS if limit else None),
        client.start_session() as transaction,
    ):
        return transaction.with_transaction(work, write_concern=write_concern)
