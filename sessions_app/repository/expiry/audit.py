"""What an audit of expiry reads: every session's times, and the receipts of sweeps."""

from collections.abc import Iterator, Sequence

from sessions_app.documents import Session
from sessions_app.documents.operations import Sweep
from sessions_app.domain.audit.expiry import Receipt, StoredTimes
from sessions_app.domain.audit.integrity import Damage
from sessions_app.repository import failures
from sessions_app.repository.belongings import OF_SESSIONS
from sessions_app.repository.log import Stored

_PAGE = 1_000
_FIELDS = dict.fromkeys(
    (
        "status", "created_at", "updated_at", "expires_at", "archived_at", "ttl_seconds",
        "legal_hold", "turn.deadline",
    ),
    1,
)  # fmt: skip


@failures.translated
def times_page(after: str) -> list[StoredTimes]:
    """The next sessions in order of their ids; empty at the end."""
    found = Session._get_collection().find({"_id": {"$gt": after}}, _FIELDS).sort("_id", 1)
    return [_times(stored) for stored in found.limit(_PAGE)]


@failures.translated
def times_of(session_ids: Sequence[str]) -> list[StoredTimes]:
    """Those of the sessions that are there."""
    found = Session._get_collection().find({"_id": {"$in": list(session_ids)}}, _FIELDS)
    return [_times(stored) for stored in found]


def _times(stored: Stored) -> StoredTimes:
    return StoredTimes(
        session_id=stored["_id"],
        status=stored.get("status"),
        created_at=stored.get("created_at"),
        updated_at=stored.get("updated_at"),
        expires_at=stored.get("expires_at"),
        archived_at=stored.get("archived_at"),
        ttl_seconds=stored.get("ttl_seconds"),
        legal_hold=bool(stored.get("legal_hold")),
        turn_until=(stored.get("turn") or {}).get("deadline"),
    )


@failures.translated
def last_complete() -> Receipt | None:
    """The receipt of the newest sweep that got through all that was due."""
    found = Sweep._get_collection().find({"complete": True}).sort("started_at", -1).limit(1)
    return next(map(_receipt, found), None)


def receipts() -> Iterator[Receipt]:
    """Every receipt that is kept, in the order of the sweeps."""
    after = ""
    while page := _receipts_page(after):
        yield from page
        after = page[-1].sweep_id


@failures.translated
def _receipts_page(after: str) -> list[Receipt]:
    found = Sweep._get_collection().find({"_id": {"$gt": after}}).sort("_id", 1).limit(_PAGE)
    return [_receipt(stored) for stored in found]


def _receipt(stored: Stored) -> Receipt:
    return Receipt(
        sweep_id=stored["_id"],
        mode=stored["mode"],
        started_at=stored["started_at"],
        cutoff=stored["cutoff"],
        retention_cutoff=stored.get("retention_cutoff"),
        archived=stored["archived"],
        deleted=stored["deleted"],
        purged=stored["purged"],
        latest_expiry=stored.get("latest_expiry"),
        latest_archival=stored.get("latest_archival"),
        finished_at=stored.get("finished_at"),
        complete=stored.get("complete", False),
    )


@failures.translated
def count_belongings() -> int:
    """About how many documents belong to sessions, for showing progress."""
    return sum(
        int(document._get_collection().estimated_document_count())
        for document in OF_SESSIONS.values()
    )


@failures.translated
def is_orphan(damage: Damage, document_id: str, session_id: str) -> bool:
    """Whether a document is still there, and its session is not."""
    if Session._get_collection().find_one({"_id": session_id}, {"_id": 1}) is not None:
        return False
    kept = OF_SESSIONS[damage]._get_collection()
    return kept.find_one({"_id": document_id, "session_id": session_id}, {"_id": 1}) is not None
