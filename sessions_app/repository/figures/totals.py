"""Figures over all sessions, counted from indexes alone and kept for all workers."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from pymongo import ReturnDocument, WriteConcern
from pymongo.errors import DuplicateKeyError
from pymongo.read_concern import ReadConcern

from sessions_app.documents import Session, Turn
from sessions_app.documents.operations import Figures, Sweep
from sessions_app.domain.figures.totals import Counted
from sessions_app.domain.turns import TurnState
from sessions_app.repository import expiry, failures

_NAME = "sessions"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@failures.translated
def kept() -> tuple[Counted | None, datetime | None]:
    """The figures that were counted last, and when they are due to be counted again."""
    found = _collection().find_one({"_id": _NAME})
    if found is None:
        return None, None
    counted = Counted(found["counted_at"], found["values"]) if "counted_at" in found else None
    return counted, found["due_at"]


@failures.translated
def claim(*, due_at: datetime | None, until: datetime) -> bool:
    """Whether it is for this worker to count: one does it, the others go on with what there is."""
    if due_at is None:
        try:
            _collection().insert_one({"_id": _NAME, "due_at": until})
        except DuplicateKeyError:
            return False
        return True
    claimed = _collection().find_one_and_update(
        {"_id": _NAME, "due_at": due_at},
        {"$set": {"due_at": until}},
        return_document=ReturnDocument.AFTER,
    )
    return claimed is not None


@failures.translated
def keep(counted: Counted, *, due_at: datetime) -> None:
    """Leave what was counted for everybody."""
    _collection().update_one(
        {"_id": _NAME},
        {
            "$set": {
                "counted_at": counted.counted_at,
                "due_at": due_at,
                "values": dict(counted.values),
            }
        },
    )


def count(*, now: datetime, retention_cutoff: datetime | None) -> Mapping[str, int]:
    """Each of `COUNTS` at `now`."""
    return {name: number(now, retention_cutoff) for name, number in COUNTS.items()}


@failures.translated
def _in_all() -> int:
    # From the collection's metadata: counting documents would take as long as there are many.
    return int(Session._get_collection().estimated_document_count())


@failures.translated
def _expiring(now: datetime) -> int:
    span = {"$gt": now, "$lte": now + timedelta(days=1)}
    return int(Session._get_collection().count_documents({"expires_at": span}, hint="expiry"))


@failures.translated
def _archived() -> int:
    since = {"archived_at": {"$gte": _EPOCH}}
    return int(Session._get_collection().count_documents(since, hint="retention"))


@failures.translated
def _running() -> int:
    wanted = {"state": TurnState.RUNNING.value, "deadline": {"$gte": _EPOCH}}
    return int(Turn._get_collection().count_documents(wanted, hint="running_deadline"))


@failures.translated
def _last_sweep() -> int:
    found = (
        Sweep._get_collection().find({"complete": True}, {"finished_at": 1}).sort("started_at", -1)
    )
    newest = next(iter(found.limit(1)), None)
    return int(newest["finished_at"].timestamp()) if newest else 0


def _collection() -> Any:
    # What a fail-over forgets is counted again, so nobody waits for a majority to write or to read.
    return Figures._get_collection().with_options(
        write_concern=WriteConcern(w=1, j=False), read_concern=ReadConcern("local")
    )


# Name → what counts it, of now and the moment up to which archives are past their retention. A
# collection that is to be watched adds its own.
COUNTS: dict[str, Callable[[datetime, datetime | None], int]] = {
    "sessions": lambda _now, _until: _in_all(),
    "archived": lambda _now, _until: _archived(),
    "expired": lambda now, _until: expiry.sweeps.count_expired(now),
    "expiring": lambda now, _until: _expiring(now),
    "past_retention": lambda _now, until: expiry.sweeps.count_archived(until) if until else 0,
    "turns_running": lambda _now, _until: _running(),
    "last_sweep": lambda _now, _until: _last_sweep(),
}
