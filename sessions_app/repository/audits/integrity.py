"""Reading stored sessions whole, to be checked, and putting right what can be."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sessions_app.documents import (
    AuditProgress,
    MessageBucket,
    Session,
    StoredDocument,
    checking,
    review_indexes,
)
from sessions_app.domain.audit.integrity import Damage, StoredRun, StoredSession
from sessions_app.domain.items import problem_of
from sessions_app.repository import failures, log
from sessions_app.repository.belongings import WITH_SESSIONS
from sessions_app.repository.log import Stored

_BATCH = 200
# Messages that have left the tail: a session with more is read by itself.
_LONG = 2_000


class Progress(NamedTuple):
    """The last session that a check has done, how many it were, and what it could not repair."""

    after: str = ""
    checked: int = 0
    unrepaired: int = 0


@failures.translated
def count_sessions() -> int:
    """About how many there are, for showing progress."""
    # Without a filter `count` reads the collection's metadata.
    return int(Session.objects.count())


@failures.translated
def session_ids(after: str, *, limit: int = _BATCH) -> list[str]:
    """The next ids in order, from the index alone; empty at the end."""
    sessions = Session.objects.walk(after=after).only("pk").limit(limit)
    return [stored["_id"] for stored in sessions.as_pymongo()]


@failures.translated
def active_session_ids(since: datetime) -> list[str]:
    """The ids of the sessions with activity since then, in order, from an index alone."""
    active = Session.objects(updated_at__gte=since).hint(review_indexes.EVERY)
    return sorted(stored["_id"] for stored in active.only("pk").as_pymongo())


@failures.translated
def progress(selection: str) -> Progress | None:
    """How far an earlier check of the same selection came that was stopped."""
    stored = AuditProgress.objects(pk=selection).as_pymongo().first()
    if stored is None or checking.readable(AuditProgress).first_problem(stored):
        return None
    return Progress(stored["after"], stored["checked"], stored["unrepaired"])


@failures.translated
def save_progress(selection: str, reached: Progress, *, now: datetime) -> None:
    """Keep how far a check has come, so that another run goes on from there."""
    AuditProgress(
        selection=selection,
        after=reached.after,
        checked=reached.checked,
        unrepaired=reached.unrepaired,
        saved_at=now,
    ).save()


@failures.translated
def forget_progress(selection: str) -> None:
    """The next check of this selection begins at the first session."""
    AuditProgress.objects(pk=selection).delete()


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
    return _stored(stored_session, _buckets_of([stored_session]).get(session_id, []))


@failures.translated
def read_many(session_ids: Sequence[str]) -> list[StoredSession]:
    """The same of those of the sessions that are there: two queries rather than two for each.

    A session with many messages is read alone, so that memory stays bounded by one session.
    """
    sessions = list(Session.objects(pk__in=list(session_ids)).as_pymongo())
    long = {stored["_id"] for stored in sessions if _integer(stored, "tail_start", 1) > _LONG}
    buckets = _buckets_of([stored for stored in sessions if stored["_id"] not in long])
    whole = [
        _stored(stored, buckets.get(stored["_id"], []))
        for stored in sessions
        if stored["_id"] not in long
    ]
    return whole + [stored for each in sorted(long) if (stored := read(each)) is not None]


def _buckets_of(sessions: Sequence[Stored]) -> Mapping[str, list[Stored]]:
    """The buckets before the tails of these sessions, by session; no query where none has any."""
    before = {stored["_id"]: _integer(stored, "tail_start", 1) for stored in sessions}
    spilled = [session_id for session_id, tail_start in before.items() if tail_start > 1]
    if not spilled:
        return {}
    ranges = [{"_id": log.every_bucket(session_id)["_id"]} for session_id in spilled]
    by_session: dict[str, list[Stored]] = {}
    for bucket in MessageBucket.objects(
        session_id__in=spilled, __raw__={"$or": ranges}
    ).as_pymongo():
        if _integer(bucket, "first_seq", 0) < before[bucket["session_id"]]:
            by_session.setdefault(bucket["session_id"], []).append(bucket)
    return by_session


def _stored(stored_session: Stored, buckets: Sequence[Stored]) -> StoredSession:
    return StoredSession(
        session_id=stored_session["_id"],
        version=_integer(stored_session, "version", 0),
        message_count=_integer(stored_session, "message_count", 0),
        token_count=_integer(stored_session, "token_count", 0),
        tail_bytes=_integer(stored_session, "tail_bytes", 0),
        buckets=sorted(map(_bucket_run, buckets), key=lambda run: run.first_seq),
        tail=_run(None, _integer(stored_session, "tail_start", 1), stored_session, {}),
        invalid=checking.declared(Session).first_problem(stored_session) or None,
    )


def _integer(stored: Mapping[str, Any], name: str, default: int) -> int:
    """A number of a document; the default where it is none, which `invalid` says."""
    value = stored.get(name, default)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _bucket_run(bucket: Stored) -> StoredRun:
    return _run(bucket["_id"], _integer(bucket, "first_seq", 0), bucket, bucket)


def _run(
    identifier: str | None,
    first_seq: int,
    document: Mapping[str, Any],
    declared: Mapping[str, Any],
) -> StoredRun:
    stored_messages = document.get("messages")
    # What is no message is counted as none, and said by `invalid`.
    messages: list[Stored] = [
        message
        for message in (stored_messages if isinstance(stored_messages, list) else [])
        if isinstance(message, dict)
    ]
    # Most have none, and are looked at no further.
    with_items = [each for each in messages if "items" in each or "item_ids" in each]
    invalid = checking.declared(MessageBucket).first_problem(declared) if declared else ""
    return StoredRun(
        identifier=identifier,
        first_seq=first_seq,
        declared_last_seq=_integer(declared, "last_seq", 0),
        declared_tokens=_integer(declared, "token_count", 0),
        message_count=len(messages),
        token_count=sum(_integer(message, "token_count", 0) for message in messages),
        invalid=invalid,
        byte_count=sum(map(log.stored_size, messages)),
        message_ids=_texts(messages, "id"),
        client_ids=_texts(messages, "client_id"),
        item_ids=_item_ids(messages),
        unerased=sum(map(_unerased, messages)),
        unreadable=sum(_items(message) is None for message in with_items),
        mislisted=sum(map(_mislisted, with_items)),
    )


def _texts(messages: Sequence[Stored], name: str) -> list[str]:
    return [value for message in messages if isinstance(value := message.get(name), str)]


def _item_ids(messages: Sequence[Stored]) -> list[str]:
    lists = (message.get("item_ids") for message in messages)
    ids = [item_id for each in lists if isinstance(each, list) for item_id in each]
    return [item_id for item_id in ids if isinstance(item_id, str)]


def _unerased(message: Stored) -> bool:
    return bool(message.get("deleted") and log.tombstone(message) != message)


def _items(message: Stored) -> Stored | None:
    """What a message's `items` and `item_ids` should be; None where `items` cannot be read."""
    try:
        items = json.loads(message.get("items", "{}"))
    except (TypeError, ValueError):
        return None
    return None if problem_of(items) else log.encode_items(items)


def _mislisted(message: Stored) -> bool:
    items = _items(message)
    return items is not None and items.get("item_ids") != message.get("item_ids")


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
