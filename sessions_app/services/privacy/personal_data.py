"""Everything that is stored about a user, as records.

`PRODUCERS` lists it all, in the order of the export. A new kind of data about users needs a
function here, and a place in that list.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from sessions_app.domain import records as records_rules
from sessions_app.domain.records.reading import FORMATS, PERSONAL_FORMAT
from sessions_app.domain.records.writing import Record
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import imports as stored_imports
from sessions_app.repository import records as records_store
from sessions_app.services import receipts, review
from sessions_app.services.attachments import carrying

# The records about this user, each with a `type`; times as datetimes in UTC.
Producer = Callable[[str], Iterator[Record]]


def sessions(user_id: str) -> Iterator[Record]:
    """`session` and `message` records: all conversations, oldest first."""
    for ids in _session_ids(user_id):
        yield from records_store.reading.session_records(ids, user_id=user_id)


def turns(user_id: str) -> Iterator[Record]:
    """`turn` records: the model calls of conversations."""
    for ids in _session_ids(user_id):
        yield from records_store.reading.turn_records(ids)


def _session_ids(user_id: str) -> Iterator[list[str]]:
    after = ""
    # Page by page, since a user may have any number of sessions.
    while ids := records_store.reading.session_ids(user_id=user_id, after=after):
        yield ids
        after = ids[-1]


def staff_reads(user_id: str) -> Iterator[Record]:
    """`staff_read` records: when and why staff read a conversation, newest first.

    Without the reader, their notes, and the reason in their own words; docs/review.md says why.
    """
    for line in review.reads_of_user(user_id):
        yield {
            "type": "staff_read",
            "at": line.at,
            "session_id": line.session_id,
            "what": line.act.value,
            "reason": line.why.reason or None,
        }


def attachments(user_id: str) -> Iterator[Record]:
    """`attachment` records: pictures, files and sounds with their bytes."""
    yield from carrying.records_of_user(user_id)


def imports(user_id: str) -> Iterator[Record]:
    """`import` records: what the user has moved here in the last day, and what was refused."""
    for job in stored_imports.of_user(user_id):
        yield {
            "type": "import",
            "started_at": job.started_at,
            "finished_at": job.finished_at,
            "format": job.format,
            "counts": dict(job.counts),
            "refused": list(job.refused),
        }


PRODUCERS: tuple[Producer, ...] = (sessions, turns, attachments, staff_reads, imports)


def export(*, user_id: str, now: datetime, account: Iterator[Record] | None) -> Iterator[Record]:
    """Everything about a user between a first and a last record, beginning with `account`.

    `account` is None for a user without an account here. Raises UserErased where such a user has
    been erased, and StorageUnavailable, also later: the records then end without the last one.
    """
    # While the account exists, its own data can still be exported.
    if receipts.is_erased(user_id) and account is None:
        raise receipts.erased_error(user_id)
    now = lifecycle.to_milliseconds(now)
    first = {
        "format": PERSONAL_FORMAT,
        "version": FORMATS[PERSONAL_FORMAT],
        "user_id": user_id,
        "exported_at": now,
    }
    return records_rules.writing.enclosed(first, _all(user_id, account or iter(())))


def is_known(*, user_id: str) -> bool:
    """Whether this user has sessions, or has been erased."""
    return bool(records_store.reading.session_ids(user_id=user_id, after="", limit=1)) or (
        receipts.is_erased(user_id)
    )


def _all(user_id: str, account: Iterator[Record]) -> Iterator[Record]:
    yield from account
    for produce in PRODUCERS:
        yield from produce(user_id)
