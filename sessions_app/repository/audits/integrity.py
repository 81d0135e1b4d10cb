"""Reading stored sessions whole, to be checked, and putting right what can be."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mongoengine.errors import ValidationError

from sessions_app.documents import MessageBucket, Session
from sessions_app.domain.audit.integrity import Damage, StoredRun, StoredSession
from sessions_app.repository import failures, log
from sessions_app.repository.belongings import OF_SESSIONS
from sessions_app.repository.log import Stored

_BATCH = 200


@failures.translated
def count_sessions() -> int:
    """About how many there are, for showing progress."""
    return int(Session._get_collection().estimated_document_count())


@failures.translated
def session_ids(after: str) -> list[str]:
    """The next ids in order, from the index alone; empty at the end."""
    found = Session._get_collection().find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", 1)
    return [stored["_id"] for stored in found.limit(_BATCH)]


@failures.translated
def read(session_id: str) -> StoredSession | None:
    """One session with its counted runs; None when it has been deleted meanwhile.

    The document is read before the buckets, as `pages` does, so a spill in progress shows only
    as a bucket from `tail_start` on, which is left out here as there.
    """
    held = Session._get_collection().find_one({"_id": session_id})
    if held is None:
        return None
    tail_start = held.get("tail_start", 1)
    buckets = MessageBucket._get_collection().find(
        log.every_bucket(session_id) | {"first_seq": {"$lt": tail_start}}
    )
    return StoredSession(
        session_id=session_id,
        version=held.get("version", 0),
        message_count=held.get("message_count", 0),
        token_count=held.get("token_count", 0),
        tail_bytes=held.get("tail_bytes", 0),
        buckets=sorted(map(_bucket_run, buckets), key=lambda run: run.first_seq),
        tail=_run(None, tail_start, held.get("messages", []), {}),
        invalid=_invalid(held),
    )


def _bucket_run(bucket: Stored) -> StoredRun:
    return _run(bucket["_id"], bucket["first_seq"], bucket["messages"], bucket)


def _run(
    identifier: str | None,
    first_seq: int,
    messages: Sequence[Stored],
    declared: Mapping[str, Any],
) -> StoredRun:
    return StoredRun(
        identifier=identifier,
        first_seq=first_seq,
        declared_last_seq=declared.get("last_seq", 0),
        declared_tokens=declared.get("token_count", 0),
        message_count=len(messages),
        token_count=sum(message.get("token_count", 0) for message in messages),
        byte_count=sum(map(log.stored_size, messages)),
        message_ids=[message["id"] for message in messages if "id" in message],
        client_ids=[message["client_id"] for message in messages if "client_id" in message],
        unerased=sum(map(_unerased, messages)),
    )


def _unerased(message: Stored) -> bool:
    return bool(message.get("deleted") and log.tombstone(message) != message)


def _invalid(held: Stored) -> str | None:
    """What MongoEngine's declarations say against a document, in one line."""
    try:
        Session._from_son(held).validate()
    except (ValidationError, ValueError, TypeError) as error:
        return " ".join(str(error).split())
    return None


@failures.translated
def write_counts(stored: StoredSession) -> bool:
    """Make a session's totals those of its messages, unless it has changed since it was read."""
    runs = (*stored.buckets, stored.tail)
    changed = Session._get_collection().update_one(
        {"_id": stored.session_id, "version": stored.version},
        {
            "$set": {
                "message_count": stored.tail.last_seq,
                "token_count": sum(run.token_count for run in runs),
                "tail_bytes": stored.tail.byte_count,
            },
            "$inc": {"version": 1},
        },
    )
    return bool(changed.matched_count)


@failures.translated
def write_bucket_counts(session_id: str, run: StoredRun) -> None:
    """Make a bucket's totals those of its messages."""
    MessageBucket._get_collection().update_one(
        {"_id": run.identifier, "session_id": session_id},
        {"$set": {"last_seq": run.last_seq, "token_count": run.token_count}},
    )


@failures.translated
def finish_erasures(stored: StoredSession) -> bool:
    """Take out what tombstones still hold, in the buckets and, guarded, in the tail."""
    buckets = MessageBucket._get_collection()
    for run in stored.buckets:
        held = buckets.find_one({"_id": run.identifier, "session_id": stored.session_id})
        if held is not None and run.unerased:
            buckets.update_one(
                {"_id": run.identifier, "session_id": stored.session_id},
                {"$set": {"messages": _erased(held["messages"])}},
            )
    held = Session._get_collection().find_one({"_id": stored.session_id})
    if held is None or not stored.tail.unerased:
        return held is not None
    changed = Session._get_collection().update_one(
        {"_id": stored.session_id, "version": held["version"]},
        {
            "$set": {"messages": _erased(held["messages"])},
            "$inc": {"version": 1, "tail_revision": 1},
        },
    )
    return bool(changed.matched_count)


def _erased(messages: Sequence[Stored]) -> list[Stored]:
    return [log.tombstone(message) if message.get("deleted") else message for message in messages]


def orphans(
    damage: Damage, progress: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[str, str]]:
    """The id and the session id of each document of a kind whose session does not exist.

    `progress` is called with how many documents have been looked at since the last call.
    """
    last = ""
    while owners := _owners(OF_SESSIONS[damage], last):
        yield from _without_session(owners)
        progress(len(owners))
        last = owners[-1][0]


@failures.translated
def _owners(document: Any, after: str) -> list[tuple[str, str]]:
    found = (
        document._get_collection()
        .find({"_id": {"$gt": after}}, {"session_id": 1})
        .sort("_id", 1)
        .limit(_BATCH * 5)
    )
    return [(stored["_id"], stored["session_id"]) for stored in found]


@failures.translated
def _without_session(owners: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    ids = list({session_id for _, session_id in owners})
    there = {
        stored["_id"]
        for stored in Session._get_collection().find({"_id": {"$in": ids}}, {"_id": 1})
    }
    return [owner for owner in owners if owner[1] not in there]


@failures.translated
def delete_orphan(damage: Damage, document_id: str, session_id: str) -> None:
    """Remove a document, unless its session has turned up."""
    if Session._get_collection().find_one({"_id": session_id}, {"_id": 1}) is None:
        OF_SESSIONS[damage]._get_collection().delete_one(
            {"_id": document_id, "session_id": session_id}
        )
