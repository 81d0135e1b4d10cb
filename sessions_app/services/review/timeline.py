"""The timeline of a conversation: its events and the actions of staff, newest first."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings

from sessions_app.domain.data import Session
from sessions_app.domain.review import CHANGES, LogLine, Note, Reviewed
from sessions_app.repository import log
from sessions_app.services.review import actions, read_log

# The page shows the newest of each; the log and the transcript hold the rest.
_SHIFTS = 12
_LINES = 40
_NOTES = 40


class Event(StrEnum):
    """The kinds of events in a timeline."""

    CREATED = "created"
    FIRST_MESSAGE = "first_message"
    SHIFT = "shift"
    RESET = "reset"
    LAST_MESSAGE = "last_message"
    ARCHIVED = "archived"
    EXPIRES = "expires"
    STAFF = "staff"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Entry:
    """One event; `seq` is its message, `line` or `note` the action of staff."""

    at: datetime
    event: Event
    seq: int | None = None
    text: str = ""
    line: LogLine | None = None
    note: Note | None = None


def timeline(*, reviewed: Reviewed, labels: Mapping[int, str]) -> list[Entry]:
    """The events of a conversation, newest first; of shifts, lines and notes only the newest."""
    session = reviewed.session
    entries = [*_of_session(session, labels), *_of_staff(session.session_id)]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _of_session(session: Session, labels: Mapping[int, str]) -> Iterator[Entry]:
    yield Entry(session.created_at, Event.CREATED)
    if session.expires_at is not None:
        yield Entry(session.expires_at, Event.EXPIRES)
    if session.archived_at is not None:
        yield Entry(session.archived_at, Event.ARCHIVED)
    recent = session.topic.recent if session.topic else ()
    least = settings.TOPIC_DIVIDER_THRESHOLD
    shifts = [(seq, topic) for seq, topic, p in recent if topic > 1 and p >= least][-_SHIFTS:]
    # A start at 1 is the beginning of the session and not a reset.
    resets = [start for start in (*session.context_resets, session.context_start) if start > 1]
    # Times are read for these messages only.
    wanted = {seq for seq, _ in shifts} | {start - 1 for start in resets}
    times = _times(session, wanted | {1, session.message_count})
    if 1 in times:
        yield Entry(times[1], Event.FIRST_MESSAGE, 1)
    if session.message_count > 1 and session.message_count in times:
        yield Entry(times[session.message_count], Event.LAST_MESSAGE, session.message_count)
    for seq, topic in shifts:
        if seq in times:
            yield Entry(times[seq], Event.SHIFT, seq, labels.get(topic, ""))
    for start in sorted(set(resets)):
        # The time of a reset is not stored: it followed this message.
        if start - 1 in times:
            yield Entry(times[start - 1], Event.RESET, start - 1)


def _of_staff(session_id: str) -> Iterator[Entry]:
    for note in actions.notes(session_id=session_id, limit=_NOTES):
        yield Entry(note.at, Event.NOTE, note=note)
    for line in read_log.log_of_session(session_id=session_id, limit=_LINES):
        # A change by staff has a note, with their words.
        if line.act not in CHANGES:
            yield Entry(line.at, Event.STAFF, line=line)


def _times(session: Session, wanted: set[int]) -> Mapping[int, datetime]:
    """The times of the messages with these seqs."""
    older = sorted(seq for seq in wanted if 1 <= seq < session.tail_start)
    messages = list(log.read_runs(session, [(seq, seq) for seq in older]))
    # The tail is one document, read once for all of its messages.
    if any(seq >= session.tail_start for seq in wanted):
        _, tail = log.read_range(
            session_id=session.session_id,
            user_id=session.user_id,
            first=session.tail_start,
            last=session.message_count,
        )
        messages += tail
    return {message.seq: message.timestamp for message in messages if message.seq in wanted}


def flagged_because(notes: Sequence[Note]) -> Note | None:
    """The newest note that flagged the conversation."""
    return next((note for note in notes if note.act.value == "flag"), None)
