"""Sessions as wholes: create, fork, list, change, archive, delete."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pymongo
from mongoengine import NotUniqueError
from pymongo import WriteConcern
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from sessions_app.documents import (
    ContextPolicy,
    MessageBucket,
    MetadataEntry,
    Session,
    checking,
    collection,
)
from sessions_app.domain import data, lifecycle, tail
from sessions_app.domain.data import (
    NewSession,
    SessionFilter,
    SessionPage,
    SessionPosition,
    Status,
)
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import LegalHold, SessionExists, SessionNotFound, VersionMismatch
from sessions_app.domain.quotas import Usage
from sessions_app.repository import (
    belongings,
    failures,
    log,
    session_names,
    session_pages,
    summaries,
    titles,
    usages,
)
from sessions_app.repository.log import Stored, memory, new_bucket
from sessions_app.repository.ratings import carried_ratings
from sessions_app.repository.session_names import Claim

_TRANSACTION_OPERATIONS = 4


@failures.translated
def insert(
    new: NewSession, history: Sequence[NewMessage], claim: Claim | None = None
) -> data.Session:
    """Store a new session with its messages: the newest in its tail, the others in buckets.

    With `claim`, together with its name or not at all. Raises NameTaken, and SessionExists where
    there is one with this id.
    """
    document = _document(new)
    try:
        stored_session = _insert(document, history, claim)
    except (DuplicateKeyError, NotUniqueError) as error:
        raise SessionExists from error
    session = log.decode_session(stored_session)
    memory.remember(
        session.session_id, tail_start=session.tail_start, ttl_seconds=session.ttl_seconds
    )
    return session


def _insert(document: Session, history: Sequence[NewMessage], claim: Claim | None) -> Stored:
    if not (history or claim):
        document.save(force_insert=True)
        stored: Stored = document.to_mongo()
        return stored
    stored_session, buckets = _with_history(document, history)

    def write(transaction: ClientSession) -> None:
        if claim is not None:
            session_names.claim(claim, transaction)
        _insert_all(stored_session, buckets, transaction)

    in_transaction(write)
    return stored_session


def _document(new: NewSession) -> Session:
    """A session without messages, not saved yet."""
    return Session(
        session_id=new.session_id,
        user_id=new.user_id,
        status=Status.ACTIVE.value,
        title=new.title,
        metadata=[MetadataEntry(k=key, v=value) for key, value in new.metadata.items()],
        tail_start=1,
        tail_bytes=0,
        tail_revision=0,
        message_count=0,
        token_count=0,
        context_policy=ContextPolicy(**log.encode_policy(new.context_policy)),
        context_start=1,
        version=1,
        created_at=new.now,
        updated_at=new.now,
        ttl_seconds=new.ttl_seconds,
        expires_at=new.expires_at,
        external_id=new.external_id,
        tags=list(new.tags) or None,
        pinned=new.pinned or None,
        temporary=new.temporary or None,
    )


def _with_history(document: Session, history: Sequence[NewMessage]) -> tuple[Stored, list[Stored]]:
    """The session as it is stored with its history's tail, and the buckets before that."""
    messages = [log.encode_message(message) for message in history]
    sizes = [log.stored_size(message) for message in messages]
    start, buckets = 0, []
    for length in tail.runs(sizes):
        buckets.append(new_bucket(document.session_id, start + 1, messages[start : start + length]))
        start += length
    document.validate()
    # As dictionaries: `log.encode_message` has validated each message, and making a document of
    # each takes longer than storing them all.
    stored_session = document.to_mongo() | {
        "messages": messages[start:],
        "tail_start": start + 1,
        "tail_bytes": sum(sizes[start:]),
        "message_count": len(messages),
        "token_count": sum(message["token_count"] for message in messages),
    }
    return stored_session, buckets


def _insert_all(stored_session: Stored, buckets: list[Stored], transaction: ClientSession) -> None:
    # By the driver: MongoEngine's querysets take no transaction.
    collection(Session).insert_one(stored_session, session=transaction)
    if buckets:
        collection(MessageBucket).insert_many(buckets, session=transaction)


@failures.translated
def fork(
    new: NewSession,
    *,
    source_id: str,
    up_to_seq: int,
    new_message_id: Callable[[], str],
    weigh: Callable[[Usage], None],
) -> data.Session:
    """Store `new` with a copy of the source's messages up to `up_to_seq`, under new ids.

    `weigh` is told how much it is before it is stored, each time that MongoDB has it copied.

    One transaction: the source is read as it was at one moment, and a copy that is interrupted
    leaves nothing behind. Memory stays bounded by the tail, whatever the length. Raises
    SessionNotFound, and SessionExists where there is a session of the new one's id.
    """
    forked: data.Session | None = None

    def copy(transaction: ClientSession) -> None:
        nonlocal forked
        # By the driver: MongoEngine's querysets take no transaction.
        source = collection(Session).find_one(
            {"_id": source_id, "user_id": new.user_id}, session=transaction
        )
        if source is None:
            raise SessionNotFound
        forked = _copy_messages(new, source, up_to_seq, new_message_id, weigh, transaction)

    try:
        in_transaction(copy)
    except DuplicateKeyError as error:
        raise SessionExists from error
    assert forked is not None  # noqa: S101 - `copy` has run to its end
    return forked


def _copy_messages(
    new: NewSession,
    source: Stored,
    up_to_seq: int,
    new_message_id: Callable[[], str],
    weigh: Callable[[Usage], None],
    transaction: ClientSession,
) -> data.Session:
    start, tokens, size = 1, 0, 0
    copies: list[Stored] = []
    rated: list[Stored] = []
    sizes: list[int] = []
    for message, seq in log.walk_stored_messages(source, transaction=transaction):
        if seq > up_to_seq:
            break
        copied = message | {"id": new_message_id()}
        if copied.get("superseded_by", 0) > up_to_seq:
            # What took its place stays behind, so in the fork it is the reply again.
            del copied["superseded_by"]
            copied.pop("superseded_with", None)
        copies.append(copied)
        if copied.get("feedback"):
            rated.append({"feedback": copied["feedback"]})
        sizes.append(log.stored_size(copied))
        size += sizes[-1]
        tokens += copied["token_count"]
        if length := tail.next_run(sizes):
            collection(MessageBucket).insert_one(
                new_bucket(new.session_id, start, copies[:length]), session=transaction
            )
            copies, sizes, start = copies[length:], sizes[length:], start + length
    stored_session: Stored = _document(new).to_mongo() | {
        "messages": copies,
        "tail_start": start,
        "tail_bytes": sum(sizes),
        "message_count": start - 1 + len(copies),
        "token_count": tokens,
        **carried_ratings(rated),
        **summaries.carried(source, up_to_seq),
        **titles.carried(source, new.title),
    }
    weigh(Usage(1, stored_session["message_count"], size))
    collection(Session).insert_one(stored_session, session=transaction)
    return log.decode_session(stored_session)


@failures.translated
def list_page(
    *,
    user_id: str,
    wanted: SessionFilter,
    now: datetime,
    limit: int,
    position: SessionPosition | None,
    backwards: bool,
) -> SessionPage:
    """A page of the user's sessions after (or, `backwards`, before) `position`, newest first."""
    status = wanted.status
    listed = Session.objects.owned_by(user_id).filter(status=status.value).listed()
    if wanted.pinned is False:
        listed = listed.filter(pinned__ne=True)
    page = session_pages.read(
        # Past its timeout means gone from the list at once, whether or not a sweeper has passed.
        listed.unexpired(now),
        by="updated_at",
        descending=True,
        position=position,
        backwards=backwards,
        limit=limit,
    )
    room = limit - len(page.sessions)
    if status is Status.ACTIVE and wanted.pinned is None and position is None and room:
        # One whose status is damaged is in no list, and would seem to be gone.
        strange = Session.objects.owned_by(user_id).of_unknown_status().headers().limit(room)
        page = replace(page, sessions=[*page.sessions, *map(log.decode_listed, strange)])
    return page


@failures.translated
def change(
    *,
    session: data.Session,
    changes: Mapping[str, Any],
    now: datetime,
    versions: frozenset[int] | None,
    merges_metadata: bool = False,
) -> data.Session | None:
    """Write the fields of `changes` (None unsets one) on an active session.

    `versions` are those the caller accepts, None for any. With `merges_metadata`, only where the
    metadata is still as `session` has it. Raises as `lifecycle.require_writable`,
    and SessionNotFound or VersionMismatch.
    """
    unchanged = (
        Session.objects(pk=session.session_id)
        .owned_by(session.user_id)
        .active()
        .unexpired(now)
        # `changes` may have been computed from these.
        .filter(
            ttl_seconds=session.ttl_seconds,
            context_policy=ContextPolicy(**log.encode_policy(session.context_policy)),
        )
    )
    if merges_metadata:
        entries = log.encode_metadata(session.metadata)
        stored_metadata: Any = entries or {"$in": [[], None]}
        unchanged = unchanged.filter(__raw__={"metadata": stored_metadata})
    if versions is not None:
        unchanged = unchanged.filter(version__in=list(versions))
    if "title" in changes:
        # From here on it is a person's.
        changes = {**changes, "titled_from": None}
    # Activity only extends a timeout; who changes `ttl_seconds` gets the new one, longer or not.
    extends = changes.get("ttl_seconds", session.ttl_seconds) == session.ttl_seconds
    changed = _update(unchanged, changes, now, extends=extends)
    if changed is not None:
        return changed
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
    unchanged = (
        Session.objects(pk=session.session_id)
        .owned_by(session.user_id)
        .filter(status=session.status.value, ttl_seconds=session.ttl_seconds)
    )
    if lifecycle.has_expired(session, now=now):
        unchanged = unchanged.filter(expires_at=session.expires_at)
    else:
        unchanged = unchanged.unexpired(now)
    return _update(unchanged, {"status": status.value, **changes}, now)


def _update(
    unchanged: Any, changes: Mapping[str, Any], now: datetime, *, extends: bool = False
) -> data.Session | None:
    """Write `changes` on the one session of a queryset; None when it is no longer among them.

    With `extends`, a timeout among them is written only where it is later than the stored one.
    """
    written, removed = log.encode_changes(changes)
    later = (
        {"max__expires_at": written.pop("expires_at")}
        if extends and "expires_at" in written
        else {}
    )
    # `modify` validates the values it sets, but not the document that comes of them: an unset
    # field that is required would pass. Callers unset optional ones only.
    document = unchanged.headers().modify(
        new=True,
        inc__version=1,
        max__updated_at=now,
        **later,
        **{f"set__{_keyword(name)}": value for name, value in written.items()},
        **{f"unset__{_keyword(name)}": 1 for name in removed},
    )
    if document is None:
        return None
    session = log.decode_session(log.with_liveness([document.to_mongo()])[0])
    memory.remember(
        session.session_id, tail_start=session.tail_start, ttl_seconds=session.ttl_seconds
    )
    return session


@failures.translated
def delete(*, session_id: str, user_id: str) -> Usage:
    """Remove a session and all that belongs to it together; how much that was.

    Raises SessionNotFound or LegalHold.
    """

    def remove(transaction: ClientSession) -> Usage | None:
        # By the driver: MongoEngine's querysets take no transaction.
        removed = collection(Session).find_one_and_delete(
            {"_id": session_id, "user_id": user_id, "legal_hold": {"$ne": True}},
            projection={"message_count": 1, "tail_bytes": 1, "tail_start": 1},
            session=transaction,
        )
        if removed is None:
            return None
        # A damaged session is deleted as others are; what cannot be read is not counted.
        sound = checking.readable(Session).sound_part(removed)
        size = sound.get("tail_bytes", 0)
        if sound.get("tail_start", 1) > 1:
            size += usages.bucket_bytes([session_id])
        belongings.delete_all(session_id, transaction)
        return Usage(1, sound.get("message_count", 0), size)

    removed: Usage | None = in_transaction(remove)
    if removed is None:
        log.read_header(session_id=session_id, user_id=user_id)
        raise LegalHold
    return removed


@failures.translated
def exists(session_id: str) -> bool:
    """Whether there is a session of this id, whoever owns it."""
    return Session.objects(pk=session_id).only("pk").as_pymongo().first() is not None


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


def _keyword(name: str) -> str:
    """A field as MongoEngine's keywords spell it: `topic.undone` is `topic__undone`."""
    return name.replace(".", "__")
