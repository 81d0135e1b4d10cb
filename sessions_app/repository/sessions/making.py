"""Stores new sessions with their messages, and copies of others."""

from collections.abc import Callable, Sequence

from mongoengine import NotUniqueError
from pymongo.client_session import ClientSession
from pymongo.errors import DuplicateKeyError

from sessions_app.documents import (
    ContextPolicy,
    MessageBucket,
    MetadataEntry,
    Session,
    collection,
)
from sessions_app.domain import data, tail
from sessions_app.domain.data import (
    NewSession,
    Status,
)
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import SessionExists, SessionNotFound
from sessions_app.domain.quotas import Usage
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored, memory, new_bucket
from sessions_app.repository.sessions import names as session_names
from sessions_app.repository.sessions import summaries, titles
from sessions_app.repository.sessions.names import Claim
from sessions_app.repository.sessions.ratings import carried_ratings
from sessions_app.repository.transactions import in_transaction


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
