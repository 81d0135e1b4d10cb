"""Storing sessions from records: each whole or not at all, and never over one that is there.

Buckets come first and the session's document last, so nobody sees a part. They are left behind
when an import is cut off; the next one finds them by their ids and goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import BulkWriteError, DuplicateKeyError

from sessions_app.documents import MessageBucket, Session, collection
from sessions_app.domain import tail
from sessions_app.domain.errors import InvalidInput, StorageUnavailable
from sessions_app.domain.limits import TAIL_MAX_BYTES, TAIL_MAX_MESSAGES
from sessions_app.domain.quotas import Usage
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored, new_bucket
from sessions_app.repository.records.decoding import stored_message, stored_session
from sessions_app.repository.sessions import names as session_names

_DUPLICATE_KEY = 11000


@dataclass(slots=True)
class Gathered:
    """A session that is being put together, message by message; `runs` are full buckets."""

    document: Stored
    declared: tuple[Any, Any]
    messages: list[Stored] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    tail_bytes: int = 0
    bytes: int = 0
    start: int = 1
    tokens: int = 0
    ids: set[int] = field(default_factory=set)
    keys: set[int] = field(default_factory=set)
    # Whether its buckets are left alone, as it is there already; None until somebody has asked.
    passed_over: bool | None = None
    tool_calls: int = 0
    attached: int = 0
    # Stored messages whose tokens are to be counted yet, each with its record.
    uncounted: list[tuple[Stored, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def session_id(self) -> str:
        """Its id."""
        return str(self.document["_id"])

    @property
    def message_count(self) -> int:
        """How many messages it has by now."""
        return self.start - 1 + len(self.messages)

    @property
    def usage(self) -> Usage:
        """What it counts for its owner's quotas."""
        return Usage(1, self.message_count, self.bytes)


def begin(record: Mapping[str, Any]) -> Gathered:
    """A session without messages yet; raises InvalidInput."""
    document = stored_session(record)
    return Gathered(document, (record.get("message_count"), record.get("token_count")))


def add(gathered: Gathered, record: Mapping[str, Any]) -> Stored | None:
    """Put the next message to a session; a bucket that is to be stored. Raises InvalidInput."""
    if record.get("session_id") != gathered.session_id:
        raise InvalidInput("the message is of another session than the one before it")
    # `True == 1`, so it would pass as the first.
    if record.get("seq") != gathered.message_count + 1 or record.get("seq") is True:
        raise InvalidInput(f"seq is not {gathered.message_count + 1}, which comes next")
    stored = stored_message(record)
    _refuse_repeat(gathered.ids, stored["id"], "id")
    _refuse_repeat(gathered.keys, stored.get("client_id"), "client_id")
    size = log.stored_size(stored)
    gathered.messages.append(stored)
    gathered.sizes.append(size)
    gathered.tail_bytes += size
    gathered.bytes += size
    gathered.tokens += stored["token_count"]
    if len(gathered.messages) <= TAIL_MAX_MESSAGES and gathered.tail_bytes <= TAIL_MAX_BYTES:
        return None
    return _spilled(gathered)


def _refuse_repeat(seen: set[int], value: str | None, name: str) -> None:
    # Hashes, as a session may have a hundred thousand messages.
    if value is not None:
        if hash(value) in seen:
            raise InvalidInput(f"{name} {value} stands twice in the session")
        seen.add(hash(value))


def _spilled(gathered: Gathered) -> Stored | None:
    """The oldest run of a tail that is out of bounds; it is cut off."""
    length = tail.next_run(gathered.sizes)
    if not length:
        return None
    run = new_bucket(gathered.session_id, gathered.start, gathered.messages[:length])
    gathered.tail_bytes -= sum(gathered.sizes[:length])
    gathered.messages, gathered.sizes = gathered.messages[length:], gathered.sizes[length:]
    gathered.start += length
    return run


def set_tokens(gathered: Gathered, stored: Stored, tokens: int) -> None:
    """Say how many tokens one of its messages has, which counted as none until now."""
    stored["token_count"] = tokens
    gathered.tokens += tokens
    gathered.document["token_count"] = gathered.tokens


def remaining(gathered: Gathered) -> list[Stored]:
    """The buckets that are still to be stored before a session is complete."""
    runs: list[Stored] = []
    while run := _spilled(gathered):
        runs.append(run)
    return runs


def completed(gathered: Gathered) -> Stored:
    """The session's document; raises InvalidInput when it speaks of messages that are not there."""
    last = gathered.message_count
    document = gathered.document | {
        "messages": gathered.messages,
        "tail_start": gathered.start,
        "tail_bytes": gathered.tail_bytes,
        "message_count": last,
        "token_count": gathered.tokens,
    }
    summary = document.get("summary") or {"last_seq": 0}
    starts = [document["context_start"], *document.get("context_resets", ())]
    if max(starts) > last + 1 or summary["last_seq"] > last:
        raise InvalidInput("the session speaks of messages that it does not have")
    return document


@failures.translated
def message_counts(session_ids: Sequence[str]) -> dict[str, int]:
    """Those of the sessions that are there, and how many messages they have."""
    sessions = Session.objects(pk__in=list(session_ids)).only("message_count").as_pymongo()
    return {stored["_id"]: stored["message_count"] for stored in sessions}


@failures.translated
def is_owned(session_id: str, *, user_id: str) -> bool:
    """Whether this user has this session."""
    return Session.objects(pk=session_id).owned_by(user_id).only("pk").first() is not None


@failures.translated
def store_bucket(run: Stored) -> None:
    """Store a bucket of a session that is not there yet.

    What an earlier import has left under its id is the same, or is replaced, unless it changes
    at this moment: then the session has been imported by somebody else.
    """
    # By the driver: the messages of a bucket are dictionaries, and making documents of them all
    # would take longer than storing them.
    buckets = collection(MessageBucket)
    try:
        buckets.insert_one(run)
    except DuplicateKeyError:
        bucket_key = {"_id": run["_id"], "session_id": run["session_id"]}
        left = buckets.find_one(bucket_key)
        if left is None or left == run or message_counts([run["session_id"]]):
            return
        buckets.replace_one(bucket_key | {"messages": left["messages"], "revision": 0}, run)


@failures.translated
def take_back(session_id: str) -> None:
    """Remove the buckets of a session that will not be imported, unless it is there."""
    if not message_counts([session_id]):
        MessageBucket.objects.of_session(session_id).filter(revision=0).delete()


@failures.translated
def insert_sessions(documents: Sequence[Stored]) -> set[str]:
    """Make sessions visible, whose buckets are stored; the ids of those that were not there."""
    for document in documents:
        if document["tail_start"] > 1:
            _check_buckets(document)
    session_names.claim_for_import(documents)
    try:
        # By the driver: a queryset's `insert` stops at the first that is there already.
        collection(Session).insert_many(documents, ordered=False)
    except BulkWriteError as error:
        failed = error.details["writeErrors"]
        others = any(each["code"] != _DUPLICATE_KEY for each in failed)
        if others or error.details["writeConcernErrors"]:
            raise
        repeated = {documents[each["index"]]["_id"] for each in failed}
        return {document["_id"] for document in documents} - repeated
    return {document["_id"] for document in documents}


def _check_buckets(document: Stored) -> None:
    """Drop what an earlier import left beyond this session's tail, and miss nothing before it.

    `check_integrity --repair` removes buckets without a session, which these are until now.
    """
    session_id = document["_id"]
    tail_id = bucket_id(session_id, document["tail_start"])
    runs = MessageBucket.objects.of_session(session_id)
    # What a live session has spilled since it was imported has a revision of 1 or more.
    runs.filter(pk__gte=tail_id, revision=0).delete()
    stored_runs = runs.filter(pk__lt=tail_id).only("first_seq", "last_seq").as_pymongo()
    message_count = sum(run["last_seq"] - run["first_seq"] + 1 for run in stored_runs)
    if message_count != document["tail_start"] - 1:
        raise StorageUnavailable(f"Buckets of {session_id} were removed meanwhile; run it again.")
