"""Exports: one conversation, or all sessions as records that an import reads back.

Everything is streamed: at most one bucket of a session is in memory.
"""

import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sessions_app.domain.data import Message, Session, Status
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.domain.records.reading import FORMATS, SESSIONS_FORMAT
from sessions_app.domain.records.writing import BEGIN, END, Record, timestamp
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log, records
from sessions_app.services import dividers
from sessions_app.services.attachments import carrying
from sessions_app.services.attachments.carrying import Beside

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Selection:
    """The sessions to export: of a user, of a status, with activity since a time; None is any."""

    user_id: str | None = None
    status: Status | None = None
    since: datetime | None = None

    def takes(self, stored: Mapping[str, Any]) -> bool:
        """Whether a stored session is selected."""
        return (self.status is None or stored["status"] == self.status.value) and (
            self.since is None or stored["updated_at"] >= self.since
        )


def first_record(selection: Selection) -> Record:
    """The first record of an export: the same for the same selection, at any time."""
    only = {
        "user_id": selection.user_id,
        "status": selection.status and selection.status.value,
        "since": selection.since and timestamp(selection.since),
    }
    # Left out where not set, so that exports of everything begin alike.
    named = {name: value for name, value in only.items() if value is not None}
    first = {"type": BEGIN, "format": SESSIONS_FORMAT, "version": FORMATS[SESSIONS_FORMAT]}
    return {**first, **({"only": named} if named else {})}


@dataclass(frozen=True, slots=True)
class Bytes:
    """Where an export has the bytes of attachments: inside its records, beside it, or nowhere."""

    wanted: bool = True
    beside: Beside | None = None


INSIDE = Bytes()


def sessions_export(
    *,
    selection: Selection,
    after: str = "",
    written: Mapping[str, int] | None = None,
    attached: Bytes = INSIDE,
) -> Iterator[Record]:
    """The records after the first: sessions in order of their ids, then the last record.

    `after` and `written` (counts by type) continue an export that stopped after that session. A
    damaged session is left out, and the last record says how many there were.
    """
    counts, damaged, seen = Counter(written or {}), 0, set[str]()
    while ids := records.reading.session_ids(user_id=selection.user_id, after=after):
        for stored in records.reading.stored_sessions(ids, user_id=selection.user_id):
            problem = records.reading.problem_of(stored)
            if problem:
                logger.error("session %s is damaged and not exported: %s", stored["_id"], problem)
                damaged += 1
            elif selection.takes(stored):
                for record in _records_of(stored, attached, seen):
                    counts[record["type"]] += 1
                    yield record
        after = ids[-1]
    more = {"damaged": damaged} if damaged else {}
    yield {"type": END, "complete": True, "counts": dict(counts), **more}


def _records_of(stored: Mapping[str, Any], attached: Bytes, seen: set[str]) -> Iterator[Record]:
    """A session and its messages, then its attachments, those before it left out."""
    yield from records.reading.records_of(dict(stored))
    if attached.wanted:
        yield from carrying.records_of_sessions(
            [stored["_id"]], user_id=stored["user_id"], seen=seen, beside=attached.beside
        )


def session_stream(
    *, session_id: str, user_id: str, now: datetime
) -> tuple[Session, Iterator[Message]]:
    """A session, archived or not, and its messages, oldest first.

    Raises SessionNotFound or SessionExpired, before the first message.
    """
    session, messages = log.read_all(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(session, now=now)
    return session, _with_topics(session, messages)


def session_attachments(session: Session) -> Iterator[Record]:
    """The attachments of a session that its owner may read, with their bytes."""
    return carrying.records_of_sessions([session.session_id], user_id=session.user_id, seen=set())


def _with_topics(session: Session, messages: Iterator[Message]) -> Iterator[Message]:
    # A block at a time: topics are stored per block.
    while run := list(islice(messages, ANNOTATION_BLOCK)):
        yield from dividers.with_dividers(session, run)
