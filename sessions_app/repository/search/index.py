"""The index of search: written apart from the messages, in blocks of 64, from what they say.

A block is written whole, then the document of the session's title says that it is there. That last
write demands what was read before the messages were: an erasure that came between has changed
`forgotten`, so its words cannot stay. What a stop in between leaves is written again, because
nothing says yet that it is there.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, DuplicateKeyError

from sessions_app.documents import SearchDocument, SearchProgress, Session
from sessions_app.documents.review_indexes import EVERY
from sessions_app.domain.annotations import block_start
from sessions_app.domain.data import Status
from sessions_app.domain.identifiers import bucket_id
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.domain.search.data import IndexedBlock, IndexedSession, SearchedSession
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored

# A title's term is no message's: no term of a text begins like this.
TITLE = "="
_DUPLICATE_KEY = 11_000
_OLDEST_FIRST = [("updated_at", 1), ("_id", 1)]
_ANY_STATUS = [status.value for status in Status]
FIELDS = dict.fromkeys(
    (
        "user_id", "title", "status", "created_at", "updated_at", "expires_at", "message_count",
        "erasure_count",
    ),
    1,
)  # fmt: skip


@failures.translated
def moved(
    *, user_id: str, since: datetime | None, after: tuple[datetime, str] | None, limit: int
) -> list[SearchedSession]:
    """A user's sessions with activity at or after `since`, the oldest first.

    `after` is the activity and the id of the last one of the page before.
    """
    query: Stored = {"user_id": user_id, "status": {"$in": _ANY_STATUS}, **_from(since, after)}
    found = Session._get_collection().find(query, FIELDS).hint("user_status_activity")
    return [searched(stored) for stored in found.sort(_OLDEST_FIRST).limit(limit)]


@failures.translated
def moved_of_all(
    *, since: datetime | None, after: tuple[datetime, str] | None, limit: int
) -> list[SearchedSession]:
    """The same of everybody's sessions."""
    found = Session._get_collection().find(_from(since, after), FIELDS).hint(EVERY)
    return [searched(stored) for stored in found.sort(_OLDEST_FIRST).limit(limit)]


def _from(since: datetime | None, after: tuple[datetime, str] | None) -> Stored:
    if after is None:
        return {"updated_at": {"$gte": since}} if since else {}
    moment, session_id = after
    return {
        "updated_at": {"$gte": moment},
        "$or": [
            {"updated_at": {"$gt": moment}},
            {"updated_at": moment, "_id": {"$gt": session_id}},
        ],
    }


@failures.translated
def session(session_id: str) -> SearchedSession | None:
    """One session; None when it is gone."""
    stored = Session._get_collection().find_one({"_id": session_id}, FIELDS)
    return searched(stored) if stored else None


def searched(stored: Stored) -> SearchedSession:
    """A session's document as search sees it."""
    return SearchedSession(
        session_id=stored["_id"],
        user_id=stored["user_id"],
        title=stored.get("title", ""),
        status=Status(stored["status"]),
        created_at=stored["created_at"],
        updated_at=stored["updated_at"],
        expires_at=stored.get("expires_at"),
        message_count=stored["message_count"],
        erasure_count=stored.get("erasure_count", 0),
    )


@failures.translated
def indexed(session_ids: Sequence[str]) -> dict[str, IndexedSession]:
    """How far sessions have been indexed; those not begun are left out."""
    found = SearchDocument._get_collection().find(
        {
            "_id": {"$in": [bucket_id(session_id, 0) for session_id in session_ids]},
            "session_id": {"$in": list(session_ids)},
        },
        {"terms": 0},
    )
    return {
        stored["session_id"]: IndexedSession(
            session_id=stored["session_id"],
            indexed=stored["indexed"],
            erasure_count=stored["erasure_count"],
            forgotten=stored["forgotten"],
            holes=stored["holes"],
            title=stored.get("title"),
        )
        for stored in found
    }


@failures.translated
def begin(sessions: Sequence[SearchedSession]) -> None:
    """Note that sessions are about to be indexed, before any message is read.

    From here on an erasure finds where to leave its mark. Those begun already stay as they are.
    """
    try:
        SearchDocument._get_collection().insert_many(
            [
                {
                    "_id": bucket_id(session.session_id, 0),
                    "session_id": session.session_id,
                    "user_id": session.user_id,
                    "first_seq": 0,
                    "first_at": session.created_at,
                    "terms": [],
                    "indexed": 0,
                    "erasure_count": session.erasure_count,
                    "forgotten": 0,
                    "holes": [],
                }
                for session in sessions
            ],
            ordered=False,
        )
    except BulkWriteError as error:
        _raise_unless_duplicates(error)


@failures.translated
def write_blocks(blocks: Sequence[tuple[SearchedSession, IndexedBlock]]) -> None:
    """Store blocks of sessions, in place of what was stored at the same places."""
    writes = [
        ReplaceOne(
            {
                "_id": bucket_id(session.session_id, block.first_seq),
                "session_id": session.session_id,
            },
            {
                "session_id": session.session_id,
                "user_id": session.user_id,
                "first_seq": block.first_seq,
                "last_seq": block.last_seq,
                "first_at": block.first_at,
                "terms": list(block.terms),
            },
            upsert=True,
        )
        for session, block in blocks
    ]
    try:
        if writes:
            SearchDocument._get_collection().bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        # Another worker has inserted the same block in the same moment.
        _raise_unless_duplicates(error)


@failures.translated
def finish(
    sessions: Sequence[tuple[IndexedSession, SearchedSession, int]],
    title_terms: Callable[[str], Iterable[str]],
) -> None:
    """Say how far sessions are indexed now, each only if it has not changed since it was read.

    Which of them had changed shows when they are read again.
    """
    SearchDocument._get_collection().bulk_write(
        [
            UpdateOne(
                {
                    "_id": bucket_id(session.session_id, 0),
                    "session_id": session.session_id,
                    "indexed": before.indexed,
                    "erasure_count": before.erasure_count,
                    "forgotten": before.forgotten,
                },
                {
                    "$set": {
                        "indexed": indexed,
                        "erasure_count": session.erasure_count,
                        "forgotten": 0,
                        "holes": [],
                        "title": session.title,
                        "terms": [TITLE + term for term in sorted(title_terms(session.title))],
                    }
                },
            )
            for before, session, indexed in sessions
        ],
        ordered=False,
    )


def _raise_unless_duplicates(error: BulkWriteError) -> None:
    errors = (error.details or {}).get("writeErrors", [])
    if not errors or any(each["code"] != _DUPLICATE_KEY for each in errors):
        raise error


@failures.translated
def forget_message(*, session_id: str, seq: int) -> None:
    """Remove the words of an erased message; its block is made again without them.

    The mark is made first, so that a stop in between leaves the block to be made again.
    """
    start = block_start(seq)
    marked = SearchDocument._get_collection().update_one(
        {"_id": bucket_id(session_id, 0), "session_id": session_id},
        {"$inc": {"forgotten": 1}, "$addToSet": {"holes": start}},
    )
    if marked.matched_count:
        SearchDocument._get_collection().delete_many(
            {
                "_id": {
                    "$gte": bucket_id(session_id, start),
                    "$lt": bucket_id(session_id, start + ANNOTATION_BLOCK),
                },
                "session_id": session_id,
            }
        )


@failures.translated
def forget_session(session_id: str) -> None:
    """Remove all that is indexed of a session; it is made again if the session is still there."""
    SearchDocument._get_collection().delete_many(log.every_bucket(session_id))


@failures.translated
def progress(key: str) -> datetime | None:
    """Up to which activity everything of `key` (a user, or `*`) is indexed."""
    held = SearchProgress._get_collection().find_one({"_id": key})
    return held["indexed_until"] if held else None


@failures.translated
def advance(key: str, until: datetime) -> None:
    """Move progress forward; it never moves back."""
    change: dict[str, Any] = {"$max": {"indexed_until": until}}
    try:
        SearchProgress._get_collection().update_one({"_id": key}, change, upsert=True)
    except DuplicateKeyError:
        SearchProgress._get_collection().update_one({"_id": key}, change)


@failures.translated
def fall_back(keys: Sequence[str], moment: datetime) -> None:
    """Look again at everything from `moment` on: sessions have come with an old activity."""
    SearchProgress._get_collection().update_many(
        {"_id": {"$in": list(keys)}, "indexed_until": {"$gt": moment}},
        {"$set": {"indexed_until": moment}},
    )


@failures.translated
def forget_progress(key: str) -> None:
    """Begin again from the first session."""
    SearchProgress._get_collection().delete_one({"_id": key})
