"""Copies what is stored, as it is at one moment, while others write.

The documents are read collection by collection, each as it is when its turn comes, and a change
stream tells which of them are written meanwhile. At the end a snapshot is opened, and those are
read again from it: with them, the copy is the store at the moment of the snapshot. So it may take
as long as it likes; only what was written meanwhile has to be read within the snapshot's window
(MongoDB's `minSnapshotHistoryWindowInSeconds`, 300). A replica set or cluster of MongoDB 5.0 or
newer.
"""

import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import bson
import pymongo
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from bson.timestamp import Timestamp
from mongoengine import get_db
from pymongo.client_session import ClientSession
from pymongo.errors import BulkWriteError, OperationFailure

from sessions_app import documents
from sessions_app.documents import Figures, collection, versions
from sessions_app.domain.errors import InvalidInput
from sessions_app.repository import failures
from sessions_app.repository.log import Stored

# What is gone soon anyway, and says nothing in another store.
_PASSING = (documents.ThrottleWindow, documents.AuditProgress, documents.Figures)
COLLECTIONS = tuple(d.COLLECTION for d in documents.ALL if d not in _PASSING)
# What an installation that has never been used may hold: it has been started, and ran its jobs.
_OF_A_START = (*_PASSING, documents.Job, documents.JobRun, documents.Sweep,
               documents.DailyFigures, documents.StandingFigures,
               documents.SearchProgress)  # fmt: skip
_CHUNK_BYTES = 8 * 1024 * 1024
_HISTORY_LOST = {280, 286}
_SNAPSHOT_TOO_OLD = {239, 246}
_DUPLICATE_KEY = 11_000
_RAW: "CodecOptions[RawBSONDocument]" = CodecOptions(document_class=RawBSONDocument)
# A chunk is read in a moment; the stream of changes is open for as long as the copy takes.
_UNBOUNDED = 24 * 3600.0


class Copied(NamedTuple):
    """Documents in BSON, one after the other."""

    content: bytes
    number: int


@failures.translated
def moment() -> list[int]:
    """The time of MongoDB's log, from which on changes are told."""
    # A write that a majority has: no later snapshot is of an earlier time.
    with _marker():
        pass
    now = _newest()
    return [now.time, now.inc]


def _newest() -> Timestamp:
    """How far MongoDB's log is."""
    now: Timestamp = get_db().command("ping")["operationTime"]
    return now


@contextmanager
def _marker() -> Iterator[str]:
    """A document that is there meanwhile; its deletion shows how far the changes have been told."""
    marker = f"backup/{uuid.uuid4()}"
    figures = collection(Figures)
    figures.update_one(
        {"_id": marker},
        {"$currentDate": {"due_at": True}, "$setOnInsert": dict(versions.STAMP)},
        upsert=True,
    )
    try:
        yield marker
    finally:
        figures.delete_one({"_id": marker})


@failures.translated
def chunk(name: str, *, after: Any) -> Copied | None:
    """The next documents in order of `_id`, behind `after` (None: from the first); None at the end.

    Bounded by their bytes.
    """
    behind = {} if after is None else {"_id": {"$gt": after}}
    content, count = bytearray(), 0
    # By the driver: as bytes, so that nothing is read into it or lost.
    with _raw(name).find(behind).sort("_id", 1) as cursor:
        for document in cursor:
            content += document.raw
            count += 1
            if len(content) >= _CHUNK_BYTES:
                break
    return Copied(bytes(content), count) if count else None


def last_id(content: bytes) -> Any:
    """The `_id` of the last document of a chunk."""
    return _decoded(content)[-1]["_id"]


def _decoded(content: bytes) -> list[RawBSONDocument]:
    return bson.decode_all(content, _RAW)


def _raw(name: str) -> Any:
    return get_db().get_collection(name, codec_options=_RAW)


class Changes:
    """The ids of the documents that have been written since a moment, by collection."""

    def __init__(self, started: Sequence[int]) -> None:
        names = [*COLLECTIONS, Figures.COLLECTION]
        self._ids: dict[str, set[Any]] = {name: set() for name in COLLECTIONS}
        self._ended: set[Any] = set()
        with _history_told():
            self._stream = get_db().watch(
                [
                    {"$match": {"ns.coll": {"$in": names}}},
                    {
                        "$project": {
                            "ns": 1,
                            "documentKey._id": 1,
                            "operationType": 1,
                            "clusterTime": 1,
                        }
                    },
                ],
                start_at_operation_time=Timestamp(*started),
                max_await_time_ms=50,
            )

    def close(self) -> None:
        """Ask for no more."""
        self._stream.close()

    def listen(self) -> int:
        """Take note of what was written up to now; how many documents there are in all.

        What is written while this listens is for the next time: others may write faster than that.
        """
        now = _newest()
        with _history_told():
            while (event := self._stream.try_next()) is not None:
                self._note(event)
                if event["clusterTime"] > now:
                    break
        return sum(map(len, self._ids.values()))

    def listen_until_gone(self, marker: str) -> None:
        """Take note of everything up to the deletion of a marker."""
        while marker not in self._ended:
            self.listen()

    def taken(self) -> Mapping[str, Collection[Any]]:
        """The ids up to now, which are counted no more."""
        taken, self._ids = self._ids, {name: set() for name in COLLECTIONS}
        return taken

    def _note(self, event: Mapping[str, Any]) -> None:
        if "documentKey" not in event:
            raise InvalidInput(f"A collection was changed as a whole ({event['operationType']}) "
                               "meanwhile; begin again in an empty directory.")  # fmt: skip
        name, key = event["ns"]["coll"], event["documentKey"]["_id"]
        if name in self._ids:
            self._ids[name].add(key)
        elif event["operationType"] == "delete":
            self._ended.add(key)


@contextmanager
def _history_told() -> Iterator[None]:
    try:
        # The driver would give up a stream after the time that one operation has.
        with pymongo.timeout(_UNBOUNDED):
            yield
    except OperationFailure as error:
        if error.code in _HISTORY_LOST:
            raise InvalidInput("MongoDB's log no longer reaches back to the beginning of this "
                               "backup; begin again in an empty directory.") from error  # fmt: skip
        raise


@contextmanager
def snapshot(changes: Changes) -> Iterator[ClientSession]:
    """A session whose reads are all of one moment, up to which `changes` have been told."""
    with failures.client().start_session(snapshot=True) as session:
        # The first read chooses the moment; the marker goes after it.
        with _marker() as marker:
            collection(documents.Session).find_one({}, {"_id": 1}, session=session)
        changes.listen_until_gone(marker)
        yield session


@failures.translated
def read_again(name: str, ids: Sequence[Any], session: ClientSession | None = None) -> Copied:
    """Those of the documents that are there, as they are now or at the snapshot's moment."""
    content, count = bytearray(), 0
    try:
        # By the driver, as in `chunk`; querysets take no session.
        for document in _raw(name).find({"_id": {"$in": list(ids)}}, session=session):
            content += document.raw
            count += 1
    except OperationFailure as error:
        if error.code in _SNAPSHOT_TOO_OLD:
            raise InvalidInput(
                "More was written meanwhile than can be read within MongoDB's "
                "minSnapshotHistoryWindowInSeconds; run it again, or set that higher."
            ) from error
        raise
    return Copied(bytes(content), count)


def encoded_ids(ids: Sequence[Any]) -> bytes:
    """Ids as BSON, so that each keeps its type."""
    return bson.encode({"ids": list(ids)})


@failures.translated
def is_unused() -> bool:
    """Whether nobody has stored anything here."""
    used = (document for document in documents.ALL if document not in _OF_A_START)
    return all(document.objects.only("pk").as_pymongo().first() is None for document in used)


@failures.translated
def clear() -> None:
    """Remove what a start has left in an installation that was never used."""
    for document in _OF_A_START:
        if document is not documents.AuditProgress:
            document.objects.delete()


@failures.translated
def insert(name: str, content: bytes) -> None:
    """Store copied documents; those that an interrupted run has stored stay."""
    try:
        _raw(name).insert_many(_decoded(content), ordered=False)
    except BulkWriteError as error:
        if {each["code"] for each in error.details["writeErrors"]} != {_DUPLICATE_KEY}:
            raise


@failures.translated
def replace(name: str, ids: bytes, content: bytes) -> None:
    """Put documents that were read again in the place of what was read of them before."""
    before: Stored = bson.decode(ids)
    copied = _decoded(content)
    raw = _raw(name)
    # The ids say which had been deleted by then.
    raw.delete_many({"_id": {"$in": before["ids"]}})
    if copied:
        raw.insert_many(copied, ordered=False)
