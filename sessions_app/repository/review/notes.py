"""Notes of staff on a session; `_id` is "<session_id>/<UUIDv7>", so they sort by time."""

from collections.abc import Sequence

from sessions_app.documents import Session
from sessions_app.documents.review import ReviewNote
from sessions_app.domain.review import Act, Note
from sessions_app.repository import failures, log


@failures.translated
def insert(session_id: str, note: Note) -> None:
    """Keep a note, unless its session has been deleted in this moment."""
    stored = {
        "_id": f"{session_id}/{note.id}",
        "session_id": session_id,
        "at": note.at,
        "staff_name": note.author,
        "act": note.act.value,
        "text": note.text,
    }
    ReviewNote._from_son(stored).validate()
    notes = ReviewNote._get_collection()
    notes.insert_one(stored)
    if Session._get_collection().find_one({"_id": session_id}, {"_id": 1}) is None:
        notes.delete_one({"_id": stored["_id"], "session_id": session_id})


@failures.translated
def newest(session_id: str, *, limit: int) -> Sequence[Note]:
    """The newest notes on a session, newest first."""
    found = ReviewNote._get_collection().find(log.every_bucket(session_id))
    return [
        Note(
            id=stored["_id"].rpartition("/")[2],
            at=stored["at"],
            author=stored["staff_name"],
            act=Act(stored["act"]),
            text=stored.get("text", ""),
        )
        for stored in found.sort("_id", -1).limit(limit)
    ]
