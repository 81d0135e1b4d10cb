"""Notes of staff on a session; `_id` is "<session_id>/<UUIDv7>", so they sort by time."""

from collections.abc import Sequence

from sessions_app.documents import Session
from sessions_app.documents.review import ReviewNote
from sessions_app.domain.review import Act, Note
from sessions_app.repository import failures


@failures.translated
def insert(session_id: str, note: Note) -> None:
    """Keep a note, unless its session has been deleted in this moment."""
    stored_note = ReviewNote(
        note_id=f"{session_id}/{note.id}",
        session_id=session_id,
        at=note.at,
        staff_name=note.author,
        act=note.act.value,
        text=note.text,
    ).save(force_insert=True)
    # A deletion that came in between did not see the note, so it is taken back here.
    if not Session.objects.exists(pk=session_id):
        stored_note.delete()


@failures.translated
def newest(session_id: str, *, limit: int) -> Sequence[Note]:
    """The newest notes on a session, newest first."""
    notes = ReviewNote.objects.of_session(session_id).order_by("-pk").limit(limit)
    return [_note(stored_note) for stored_note in notes]


def _note(stored_note: ReviewNote) -> Note:
    return Note(
        id=stored_note.note_id.rpartition("/")[2],
        at=stored_note.at,
        author=stored_note.staff_name,
        act=Act(stored_note.act),
        text=stored_note.text or "",
    )
