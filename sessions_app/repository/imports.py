"""Imports that users have asked for. Each attempt writes only while it is the newest."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pymongo.errors import DuplicateKeyError

from sessions_app.documents import ImportRun, collection, versions
from sessions_app.domain.errors import ImportNotFound
from sessions_app.domain.imports import LEASE, ImportJob, ImportStatus
from sessions_app.domain.limits import (
    IMPORT_COUNTED_MAX_CHARS,
    IMPORT_REASON_MAX_CHARS,
)
from sessions_app.repository import failures
from sessions_app.repository.log import Stored

_COUNTED = ("counts", "changed", "left")


@failures.translated
def begin(*, import_id: str, user_id: str, attempt: str, now: datetime) -> bool:
    """Begin an attempt; False where one is running."""
    run: Stored = {
        "user_id": user_id,
        "status": ImportStatus.RUNNING.value,
        "started_at": now,
        "updated_at": now,
        "attempt": attempt,
        **versions.STAMP,
    }
    is_over = {
        "$or": [
            {"status": {"$ne": ImportStatus.RUNNING.value}},
            {"updated_at": {"$lt": now - LEASE}},
        ]
    }
    try:
        # By the driver: what an earlier attempt has counted goes with it.
        result = collection(ImportRun).replace_one(
            {"_id": import_id, "user_id": user_id, **is_over}, run, upsert=True
        )
    # It is there and running, so that the guard did not match it.
    except DuplicateKeyError:
        return False
    return bool(result.matched_count or result.upserted_id)


@failures.translated
def save(job: ImportJob, *, attempt: str) -> bool:
    """Write how far an attempt has come; False where it is not the newest, or was erased."""
    fields: Stored = {
        "status": job.status.value,
        "updated_at": job.updated_at,
        "format": job.format,
        "counted": json.dumps({name: dict(getattr(job, name)) for name in _COUNTED}),
        "refused": [reason[:IMPORT_REASON_MAX_CHARS] for reason in job.refused],
        "session_ids": list(job.session_ids),
        "problem": job.problem[:IMPORT_REASON_MAX_CHARS],
        "permille": None if job.fraction is None else round(job.fraction * 1_000),
        "finished_at": job.finished_at,
    }
    # A file may be wrong in more ways than a document has room for.
    if len(fields["counted"]) > IMPORT_COUNTED_MAX_CHARS:
        fields["counted"] = json.dumps({"counts": dict(job.counts)})
    written = {name: value for name, value in fields.items() if value not in (None, "")}
    own = ImportRun.objects(pk=job.import_id, user_id=job.user_id, attempt=attempt)
    return bool(own.update_one(**{f"set__{name}": value for name, value in written.items()}))


@failures.translated
def read(import_id: str, *, user_id: str) -> ImportJob:
    """A user's import; raises ImportNotFound, also for somebody else's."""
    stored = ImportRun.objects(pk=import_id, user_id=user_id).as_pymongo().first()
    if stored is None:
        raise ImportNotFound
    return _job(stored)


@failures.translated
def of_user(user_id: str) -> list[ImportJob]:
    """All that are kept of a user, in the order of their ids."""
    stored_runs = ImportRun.objects(user_id=user_id).as_pymongo()
    return sorted(map(_job, stored_runs), key=lambda job: job.import_id)


@failures.translated
def remove_all_of(user_id: str) -> None:
    """Remove what is known of a user's imports; those that run notice it."""
    ImportRun.objects(user_id=user_id).delete()


def _job(stored: Stored) -> ImportJob:
    counted: dict[str, Any] = json.loads(stored.get("counted") or "{}")
    refused: Sequence[str] = stored.get("refused", ())
    return ImportJob(
        import_id=stored["_id"],
        user_id=stored["user_id"],
        status=ImportStatus(stored["status"]),
        started_at=stored["started_at"],
        updated_at=stored["updated_at"],
        finished_at=stored.get("finished_at"),
        format=stored.get("format", ""),
        fraction=stored["permille"] / 1_000 if "permille" in stored else None,
        refused=tuple(refused),
        session_ids=tuple(stored.get("session_ids", ())),
        problem=stored.get("problem", ""),
        **{name: counted.get(name, {}) for name in _COUNTED},
    )
