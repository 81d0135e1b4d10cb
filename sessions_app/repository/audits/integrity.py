"""Reading stored sessions whole, to be checked, and putting right what can be."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from mongoengine.errors import ValidationError

from sessions_app.documents import MessageBucket, Session, StoredDocument
from sessions_app.domain.audit.integrity import Damage, StoredRun, StoredSession
from sessions_app.domain.items import problem_of
from sessions_app.repository import failures, log
from sessions_app.repository.belongings import WITH_SESSIONS
from sessions_app.repository.log import Stored

_BATCH = 200


@failures.translated
def count_sessions() -> int:
    """About how many there are, for showing progress."""
    # Without a filter `count` reads the collection's metadata.
    return int(Session.objects.count())


@failures.translated
def session_ids(after: str) -> list[str]:
    """The next ids in order, from the index alone; empty at the end."""
    sessions = Session.objects.walk(after=after).only("pk").limit(_BATCH)
    return [stored["_id"] for stored in sessions.as_pymongo()]


@failures.translated
def read(session_id: str) -> StoredSession | None:
    """One session with its counted runs; None when it has been deleted meanwhile.

    The document is read before the buckets, as `pages` does, so a spill in progress shows only
    as a bucket from `tail_start` on, which is left out here as there.
    """
    # As dictionaries: an audit has to see what the documents do not declare, too.
    stored_session = Session.objects(pk=session_id).as_pymongo().first()
    if stored_session is None:
        return None
    get = stored_session.get
    tail_start = get("tail_start", 1)
    buckets = MessageBucket.objects.of_session(session_id).filter(first_seq__lt=tail_start)
    return StoredSession(
        session_id=session_id,
        version=get("version", 0),
        message_count=get("message_count", 0),
        token_count=get("token_count", 0),
        tail_bytes=get("tail_bytes", 0),
        buckets=sorted(map(_bucket_run, buckets.as_pymongo()), key=lambda run: run.first_seq),
        tail=_run(None, tail_start, get("messages", []), {}),
        invalid=_invalid(stored_session),
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
        item_ids=[item_id for message in messages for item_id in message.get("item_ids", ())],
        unerased=sum(map(_unerased, messages)),
        unreadable=sum(_items(message) is None for message in messages),
        mislisted=sum(map(_mislisted, messages)),
    )


def _unerased(message: Stored) -> bool:
    return bool(message.get("deleted") and log.tombstone(message) != message)


def _items(message: Stored) -> Stored | None:
    """What a message's `items` and `item_ids` should be; None where `items` cannot be read."""
    try:
        items = json.loads(message.get("items", "{}"))
    except ValueError:
        return None
    return None if problem_of(items) else log.encode_items(items)


def _mislisted(message: Stored) -> bool:
    items = _items(message)
    return items is not None and items.get("item_ids") != message.get("item_ids")


def _invalid(stored_session: Stored) -> str | None:
    """What MongoEngine's declarations say against a document, in one line."""
    # MongoEngine has no public way from a dictionary to a document without a query.
    try:
        Session._from_son(stored_session).validate()
    except (ValidationError, ValueError, TypeError) as error:
        return " ".join(str(error).split())
    return None


@failures.translated
def write_counts(stored: StoredSession) -> bool:
    """Make a session's totals those of its messages, unless it has changed since it was read."""
    runs = (*stored.buckets, stored.tail)
    unchanged = Session.objects(pk=stored.session_id, version=stored.version)
    changed = unchanged.update_one(
        set__message_count=stored.tail.last_seq,
        set__token_count=sum(run.token_count for run in runs),
        set__tail_bytes=stored.tail.byte_count,
        inc__version=1,
    )
    return bool(changed)


@failures.translated
def write_bucket_counts(session_id: str, run: StoredRun) -> None:
    """Make a bucket's totals those of its messages."""
    bucket = MessageBucket.objects(pk=run.identifier, session_id=session_id)
    bucket.update_one(set__last_seq=run.last_seq, set__token_count=run.token_count)


@failures.translated
def mend_messages(stored: StoredSession) -> bool:
    """Take out what tombstones still hold, and list the ids of items, in the buckets and the tail.

    That in the tail is guarded.
    """
    for run in stored.buckets:
        if run.is_mendable:
            _mend_in_bucket(stored.session_id, run)
    session = Session.objects(pk=stored.session_id)
    stored_session = session.only("version", "messages").as_pymongo().first()
    # Deleted meanwhile: then there is nothing left to repair, which is no success of ours.
    if stored_session is None or not stored.tail.is_mendable:
        return stored_session is not None
    changed = session.filter(version=stored_session["version"]).update_one(
        # `__raw__`: a message is set as it is stored, and not made a document of first.
        __raw__={"$set": {"messages": _mended(stored_session["messages"])}},
        inc__version=1,
        # A spill that has copied the old text will not be able to cut.
        inc__tail_revision=1,
    )
    return bool(changed)


def _mend_in_bucket(session_id: str, run: StoredRun) -> None:
    bucket = MessageBucket.objects(pk=run.identifier, session_id=session_id)
    stored_bucket = bucket.only("messages").as_pymongo().first()
    # Unguarded: only another erasure changes a bucket, and it has the same outcome.
    if stored_bucket is not None:
        bucket.update_one(__raw__={"$set": {"messages": _mended(stored_bucket["messages"])}})


def _mended(messages: Sequence[Stored]) -> list[Stored]:
    return [
        log.tombstone(message) if message.get("deleted") else _listed(message)
        for message in messages
    ]


def _listed(message: Stored) -> Stored:
    """The message with the ids of its items beside them."""
    if not _mislisted(message):
        return message
    rest = {name: value for name, value in message.items() if name not in {"items", "item_ids"}}
    return rest | (_items(message) or {})


def orphans(
    damage: Damage, progress: Callable[[int], None] = lambda _: None
) -> Iterator[tuple[str, str]]:
    """The id and the session id of each document of a kind whose session does not exist.

    `progress` is called with how many documents have been looked at since the last call.
    """
    last = ""
    while owners := _owners(WITH_SESSIONS[damage], last):
        yield from _without_session(owners)
        progress(len(owners))
        last = owners[-1][0]


@failures.translated
def _owners(document: type[StoredDocument], after: str) -> list[tuple[str, str]]:
    # The id alone would do, but `session_id` is what a stray document is sharded by.
    owners = document.objects.walk(after=after).only("session_id").limit(_BATCH * 5)
    return [(stored["_id"], stored["session_id"]) for stored in owners.as_pymongo()]


@failures.translated
def _without_session(owners: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    ids = list({session_id for _, session_id in owners})
    sessions = Session.objects(pk__in=ids).only("pk").as_pymongo()
    present = {stored["_id"] for stored in sessions}
    return [owner for owner in owners if owner[1] not in present]


@failures.translated
def delete_orphan(damage: Damage, document_id: str, session_id: str) -> None:
    """Remove a document, unless its session has turned up."""
    # Looked at again: an import stores buckets first, and their session last.
    if not Session.objects.exists(pk=session_id):
        WITH_SESSIONS[damage].objects(pk=document_id, session_id=session_id).delete()
