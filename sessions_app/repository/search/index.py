"""The index of search: written apart from the messages, in blocks of 64, from what they say.

A block is written whole, then the document of the session's title says that it is there. That last
write demands what was read before the messages were: an erasure that came between has changed
`forgotten`, so its words cannot stay. What a stop in between leaves is written again, because
nothing says yet that it is there.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime

from mongoengine import NotUniqueError
from pymongo import DeleteMany, ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError

from sessions_app.documents import (
    SearchDocument,
    SearchProgress,
    Session,
    checking,
    collection,
    versions,
)
from sessions_app.documents.querysets import SessionQuerySet
from sessions_app.documents.review_indexes import EVERY
from sessions_app.domain.annotations import block_start
from sessions_app.domain.data import Status
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.domain.search.data import Finished, IndexedBlock, IndexedSession, SearchedSession
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.repository import derived, failures
from sessions_app.repository.log import Stored

# A title's term is no message's: no term of a text begins like this.
TITLE = "="
_DUPLICATE_KEY = 11_000
_FIELDS = (
    "user_id", "title", "status", "created_at", "updated_at", "expires_at", "message_count",
    "erasure_count",
)  # fmt: skip


@failures.translated
def moved(
    *, user_id: str, since: datetime | None, after: tuple[datetime, str] | None, limit: int
) -> list[SearchedSession]:
    """A user's sessions with activity at or after `since`, the oldest first.

    `after` is the activity and the id of the last one of the page before.
    """
    sessions = Session.objects.owned_by(user_id).listed().of_any_status()
    sessions = sessions.hint("user_status_activity")
    moved_sessions = _from(sessions, since, after).limit(limit)
    return [searched(stored) for stored in as_searched(moved_sessions)]


@failures.translated
def moved_of_all(
    *, since: datetime | None, after: tuple[datetime, str] | None, limit: int
) -> list[SearchedSession]:
    """The same of everybody's sessions."""
    moved_sessions = _from(Session.objects.listed().hint(EVERY), since, after).limit(limit)
    return [searched(stored) for stored in as_searched(moved_sessions)]


def _from(
    sessions: SessionQuerySet, since: datetime | None, after: tuple[datetime, str] | None
) -> SessionQuerySet:
    walked = sessions.walk_by("updated_at", after=after)
    return walked.filter(updated_at__gte=since) if since and after is None else walked


@failures.translated
def session(session_id: str) -> SearchedSession | None:
    """One session; None when it is gone."""
    stored = as_searched(Session.objects(pk=session_id).listed()).first()
    return searched(stored) if stored else None


def as_searched(sessions: SessionQuerySet) -> SessionQuerySet:
    """What search needs of sessions; as dictionaries, because a step reads hundreds."""
    return sessions.only(*_FIELDS).as_pymongo()


_UNREADABLE: Stored = {
    "user_id": "",
    "status": Status.ACTIVE.value,
    "created_at": datetime.fromtimestamp(0, UTC),
    "updated_at": datetime.fromtimestamp(0, UTC),
    "message_count": 0,
}


def searched(stored: Stored) -> SearchedSession:
    """A session's document as search sees it, with defaults for what cannot be read."""
    stored = _UNREADABLE | checking.readable(Session).sound_part(stored)
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
    titles = SearchDocument.objects.all_starting_at(session_ids, 0).exclude("terms")
    return {
        stored["session_id"]: IndexedSession(
            session_id=stored["session_id"],
            indexed=stored.get("indexed", 0),
            erasure_count=stored.get("erasure_count", 0),
            forgotten=stored.get("forgotten", 0),
            holes=stored.get("holes", []),
            title=stored.get("title"),
        )
        for stored in derived.readable(SearchDocument, titles.as_pymongo())
    }


@failures.translated
def begin(sessions: Sequence[SearchedSession]) -> None:
    """Note that sessions are about to be indexed, before any message is read.

    From here on an erasure finds where to leave its mark. Those begun already stay as they are.
    """
    try:
        # By the driver: a queryset's `insert` stops at the first that is there already.
        collection(SearchDocument).insert_many(
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
                    **versions.STAMP,
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
                **versions.STAMP,
            },
            upsert=True,
        )
        for session, block in blocks
    ]
    try:
        if writes:
            # By the driver: querysets have no bulk writes.
            collection(SearchDocument).bulk_write(writes, ordered=False)
    except BulkWriteError as error:
        # Another worker has inserted the same block in the same moment.
        _raise_unless_duplicates(error)


@failures.translated
def finish(
    sessions: Sequence[Finished],
    title_terms: Callable[[str], Iterable[str]],
) -> None:
    """Say how far sessions are indexed now, each only if it has not changed since it was read.

    Which of them had changed shows when they are read again.
    """
    # By the driver: querysets have no bulk writes.
    collection(SearchDocument).bulk_write(
        [
            UpdateOne(
                # An erasure since then has changed `forgotten`, so its words cannot stay.
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
                        "holes": list(holes),
                        "title": session.title,
                        "terms": [TITLE + term for term in sorted(title_terms(session.title))],
                    }
                },
            )
            for before, session, indexed, holes in sessions
        ],
        ordered=False,
    )


def _raise_unless_duplicates(error: BulkWriteError) -> None:
    errors = (error.details or {}).get("writeErrors", [])
    # Without write errors it is the write concern that failed.
    if not errors or any(each["code"] != _DUPLICATE_KEY for each in errors):
        raise error


@failures.translated
def forget_message(*, session_id: str, seq: int) -> None:
    """Remove the words of an erased message; its block is made again without them.

    The mark is made first, so that a stop in between leaves the block to be made again.
    """
    start = block_start(seq)
    marked = SearchDocument.objects.starting_at(session_id, 0).update_one(
        inc__forgotten=1, add_to_set__holes=start
    )
    if marked:
        block = SearchDocument.objects(
            pk__gte=bucket_id(session_id, start),
            pk__lt=bucket_id(session_id, start + ANNOTATION_BLOCK),
            session_id=session_id,
        )
        block.delete()


@failures.translated
def forget_session(session_id: str) -> None:
    """Remove all that is indexed of a session; it is made again if the session is still there."""
    SearchDocument.objects.of_session(session_id).delete()


@failures.translated
def forget_sessions(session_ids: Sequence[str]) -> None:
    """Remove all that is indexed of each of these."""
    # By the driver: querysets have no bulk writes, and a write of its own for each session takes
    # longer than indexing it.
    collection(SearchDocument).bulk_write(
        [
            DeleteMany(
                {
                    "_id": {"$gte": bucket_id(each, 0), "$lt": f"{each}0"},
                    "session_id": each,
                }
            )
            for each in session_ids
        ],
        ordered=False,
    )


@failures.translated
def progress(key: str) -> datetime | None:
    """Up to which activity everything of `key` (a user, or `*`) is indexed."""
    document = SearchProgress.objects(pk=key).first()
    return document.indexed_until if document else None


@failures.translated
def advance(key: str, until: datetime) -> None:
    """Move progress forward; it never moves back."""
    reached = SearchProgress.objects(pk=key)
    try:
        reached.update_one(upsert=True, max__indexed_until=until)
    except NotUniqueError:  # another worker has inserted it in the same moment
        reached.update_one(max__indexed_until=until)


@failures.translated
def fall_back(keys: Sequence[str], moment: datetime) -> None:
    """Look again at everything from `moment` on: sessions have come with an old activity."""
    beyond = SearchProgress.objects(pk__in=list(keys), indexed_until__gt=moment)
    beyond.update(set__indexed_until=moment)


@failures.translated
def forget_progress(key: str) -> None:
    """Begin again from the first session."""
    SearchProgress.objects(pk=key).delete()
