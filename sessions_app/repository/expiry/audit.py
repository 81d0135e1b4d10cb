"""What an audit of expiry reads: every session's times, and the receipts of sweeps."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sessions_app.documents import Session, Sweep
from sessions_app.documents.querysets import SessionQuerySet
from sessions_app.domain.audit.expiry import Receipt, StoredTimes
from sessions_app.domain.audit.integrity import Damage
from sessions_app.repository import failures
from sessions_app.repository.belongings import WITH_SESSIONS

_PAGE = 1_000
_RECEIPT_FIELDS = [field.name for field in fields(Receipt)]


@failures.translated
def times_page(after: str) -> list[StoredTimes]:
    """The next sessions in order of their ids; empty at the end."""
    sessions = Session.objects.walk(after=after).limit(_PAGE)
    return [_times(stored_session) for stored_session in _timed(sessions)]


@failures.translated
def times_of(session_ids: Sequence[str]) -> list[StoredTimes]:
    """Those of the sessions that are there."""
    sessions = Session.objects(pk__in=list(session_ids))
    return [_times(stored_session) for stored_session in _timed(sessions)]


def _timed(sessions: SessionQuerySet) -> SessionQuerySet:
    # As dictionaries: an audit of a million sessions would take minutes more to make documents.
    return sessions.only(
        "status", "created_at", "updated_at", "expires_at", "archived_at", "ttl_seconds",
        "legal_hold", "turn.deadline",
    ).as_pymongo()  # fmt: skip


def _times(stored_session: Mapping[str, Any]) -> StoredTimes:
    # `get` even for what is required: the audit says what is missing.
    get = stored_session.get
    return StoredTimes(
        session_id=stored_session["_id"],
        status=get("status"),
        created_at=get("created_at"),
        updated_at=get("updated_at"),
        expires_at=get("expires_at"),
        archived_at=get("archived_at"),
        ttl_seconds=get("ttl_seconds"),
        legal_hold=bool(get("legal_hold")),
        turn_until=(get("turn") or {}).get("deadline"),
    )


@failures.translated
def last_complete() -> Receipt | None:
    """The receipt of the newest sweep that got through all that was due."""
    sweep = Sweep.objects(complete=True).order_by("-started_at").first()
    return _receipt(sweep) if sweep else None


def receipts() -> Iterator[Receipt]:
    """Every receipt that is kept, in the order of the sweeps."""
    after = ""
    while page := _receipts_page(after):
        yield from page
        after = page[-1].sweep_id


@failures.translated
def _receipts_page(after: str) -> list[Receipt]:
    return [_receipt(sweep) for sweep in Sweep.objects.walk(after=after).limit(_PAGE)]


def _receipt(sweep: Sweep) -> Receipt:
    return Receipt(**{name: getattr(sweep, name) for name in _RECEIPT_FIELDS})


@failures.translated
def count_belongings() -> int:
    """About how many documents belong to sessions, for showing progress."""
    # Without a filter `count` reads the collection's metadata, however many there are.
    return sum(int(document.objects.count()) for document in WITH_SESSIONS.values())


@failures.translated
def is_orphan(damage: Damage, document_id: str, session_id: str) -> bool:
    """Whether a document is still there, and its session is not."""
    if Session.objects.exists(pk=session_id):
        return False
    return WITH_SESSIONS[damage].objects.exists(pk=document_id, session_id=session_id)
