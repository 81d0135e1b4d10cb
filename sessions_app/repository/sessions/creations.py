"""Which session a request has created, so that its repeat creates no other."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import ReturnDocument

from sessions_app.documents import Creation, collection, versions
from sessions_app.domain.sessions.identifiers import uuid7_floor
from sessions_app.repository import failures


class Claim(NamedTuple):
    """The session that a request creates, and a digest of its body; `stored` once it has."""

    key: str
    session_id: str
    digest: str
    stored: bool


@failures.translated
def claim(*, key: str, session_id: str, digest: str, now: datetime) -> Claim:
    """The first claim of this key: an earlier one, or this one for `session_id`."""
    # By the driver: `modify` cannot insert.
    stored: Mapping[str, Any] = (
        collection(Creation).find_one_and_update(
            {"_id": key},
            {
                "$setOnInsert": {
                    "session_id": session_id,
                    "digest": digest,
                    "made_at": now,
                    **versions.STAMP,
                }
            },
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        or {}
    )
    return _claim(stored)


@failures.translated
def claim_keyless(
    *, prefix: str, session_id: str, digest: str, now: datetime, repeats: int, since: datetime
) -> Claim:
    """The claim of an earlier attempt at the same request, or a new one for `session_id`.

    `repeats` is how often the request has been sent before. A repeat takes the newest claim since
    `since` that was repeated less often; a first attempt one of a repeat that has overtaken it.
    Each claim is taken once for each number of repeats: several clients may ask for the same.
    """
    key = f"{prefix}/{session_id}"
    earlier: dict[str, Any] = {"repeats": {"$lt": repeats}} if repeats else {"awaits_first": True}
    taken = {"$set": {"repeats": repeats}} if repeats else {"$unset": {"awaits_first": 1}}
    stored = collection(Creation).find_one_and_update(
        {
            # Session ids sort by time: those of long ago are not even looked at. "0" follows "/".
            "_id": {"$gte": f"{prefix}/{uuid7_floor(since)}", "$lt": f"{prefix}0"},
            **earlier,
        },
        taken,
        sort=[("_id", -1)],
        return_document=ReturnDocument.AFTER,
    )
    if stored is not None:
        return _claim(stored)
    Creation(
        key=key,
        session_id=session_id,
        digest=digest,
        made_at=now,
        repeats=repeats,
        awaits_first=True if repeats else None,
    ).save(force_insert=True)
    return Claim(key, session_id, digest, stored=False)


def _claim(stored: Mapping[str, Any]) -> Claim:
    return Claim(stored["_id"], stored["session_id"], stored["digest"], stored.get("stored", False))


@failures.translated
def confirm(key: str) -> None:
    """Note that the session is stored: should it be missing from now on, it was deleted."""
    Creation.objects(pk=key).update_one(set__stored=True)
