"""Exporting sessions for another installation, or for this one after a loss."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Status
from sessions_app.domain.records.reading import FORMATS, SESSIONS_FORMAT
from sessions_app.domain.records.writing import BEGIN, END, Record, timestamp
from sessions_app.repository import records


@dataclass(frozen=True, slots=True)
class Selection:
    """Which sessions: of one user, of one status, with activity from a moment on; None is any."""

    user_id: str | None = None
    status: Status | None = None
    since: datetime | None = None

    def takes(self, held: Mapping[str, Any]) -> bool:
        """Whether a stored session is one of them."""
        return (self.status is None or held["status"] == self.status.value) and (
            self.since is None or held["updated_at"] >= self.since
        )


def first_record(selection: Selection) -> Record:
    """What an export begins with: the same for the same selection, whenever it is made."""
    only = {
        "user_id": selection.user_id,
        "status": selection.status and selection.status.value,
        "since": selection.since and timestamp(selection.since),
    }
    named = {name: value for name, value in only.items() if value is not None}
    first = {"type": BEGIN, "format": SESSIONS_FORMAT, "version": FORMATS[SESSIONS_FORMAT]}
    return {**first, **({"only": named} if named else {})}


def sessions_export(
    *, selection: Selection, after: str = "", written: Mapping[str, int] | None = None
) -> Iterator[Record]:
    """The records that follow the first: sessions in the order of their ids, and the last one.

    `after` and `written` (records by type) go on with an export that stopped behind that session.
    """
    counts = Counter(written or {})
    while ids := records.reading.session_ids(user_id=selection.user_id, after=after):
        for stored_session in records.reading.stored_sessions(ids, user_id=selection.user_id):
            if selection.takes(stored_session):
                for record in records.reading.records_of(stored_session):
                    counts[record["type"]] += 1
                    yield record
        after = ids[-1]
    yield {"type": END, "complete": True, "counts": dict(counts)}
