"""Storing sessions from records: each whole or not at all, and never over one that is there.

Buckets come first and the session's document last, so nobody sees a part. They are left behind
when an import is cut off; the next one finds them by their ids and goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pymongo.errors import BulkWriteError, DuplicateKeyError

from sessions_app.documents import MessageBucket, Session
from sessions_app.domain import tail
from sessions_app.domain.errors import InvalidInput, StorageUnavailable
from sessions_app.domain.identifiers import bucket_id
from sessions_app.domain.limits import TAIL_MAX_BYTES, TAIL_MAX_MESSAGES
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored, new_bucket
from sessions_app.repository.records.decoding import stored_message, stored_session

_DUPLICATE_KEY = 11000


@dataclass(slots=True)
class Gathered:
    """A session that is being put together, message by message; `runs` are full buckets."""

    document: Stored
    declared: tuple[Any, Any]
    messages: list[Stored] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    tail_bytes: int = 0
    start: int = 1
    tokens: int = 0
    ids: set[int] = field(default_factory=set)
    keys: set[int] = field(default_factory=set)
    # Whether its buckets are left alone, as it is there already; None until somebody has asked.
    passed_over: bool | None = None

    @property
    def session_id(self) -> str:
        """Its id."""
        return str(self.document["_id"])

    @property
    def message_count(self) -> int:
        """How many messages it has by now."""
        return self.start - 1 + len(self.messages)


def begin(record: Mapping[str, Any]) -> Gathered:
    """A session without messages yet; raises InvalidInput."""
    document = stored_session(record)
    return Gathered(document, (record.get("message_count"), record.get("token_count")))


def add(gathered: Gathered, record: Mapping[str, Any]) -> Stored | None:
    """Put the next message to a session; a bucket that is to be stored. Raises InvalidInput."""
    if record.get("session_id") != gathered.session_id:
        raise InvalidInput("the message is of another session than the one before it")
    if record.get("seq") != gathered.message_count + 1 or record.get("seq") is True:
        raise InvalidInput(f"seq is not {gathered.message_count + 1}, which comes next")
    stored = stored_message(record)
    _refuse_repeat(gathered.ids, stored["id"], "id")
    _refuse_repeat(gathered.keys, stored.get("client_id"), "client_id")
    size = log.stored_size(stored)
    gathered.messages.append(stored)
    gathered.sizes.append(size)
    gathered.tail_bytes += size
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
    found = Session._get_collection().find(
        {"_id": {"$in": list(session_ids)}}, {"message_count": 1}
    )
    return {stored["_id"]: stored["message_count"] for stored in found}


@failures.translated
def store_bucket(run: Stored) -> None:
    """Store a bucket of a session that is not there yet.

    What an earlier import has left under its id is the same, or is replaced, unless it changes
    at this moment: then the session has been imported by somebody else.
    """
    buckets = MessageBucket._get_collection()
    place = {"_id": run["_id"], "session_id": run["session_id"]}
    try:
        buckets.insert_one(run)
    except DuplicateKeyError:
        there = buckets.find_one(place)
        if there is None or there == run or message_counts([run["session_id"]]):
            return
        buckets.replace_one(place | {"messages": there["messages"], "revision": 0}, run)


@failures.translated
def insert_sessions(documents: Sequence[Stored]) -> set[str]:
    """Make sessions visible, whose buckets are stored; the ids of those that were not there."""
    for document in documents:
        if document["tail_start"] > 1:
            _check_buckets(document)
    try:
        Session._get_collection().insert_many(documents, ordered=False)
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
    buckets = MessageBucket._get_collection()
    session_id, last = document["_id"], bucket_id(document["_id"], document["tail_start"])
    # What a live session has spilled since it was imported has a revision of 1 or more.
    buckets.delete_many(
        {"_id": {"$gte": last, "$lt": f"{session_id}0"}, "session_id": session_id, "revision": 0}
    )
    runs = buckets.find(
        {"_id": {"$gt": f"{session_id}/", "$lt": last}, "session_id": session_id},
        {"first_seq": 1, "last_seq": 1},
    )
    held = sum(run["last_seq"] - run["first_seq"] + 1 for run in runs)
    if held != document["tail_start"] - 1:
        raise StorageUnavailable(f"Buckets of {session_id} were removed meanwhile; run it again.")
