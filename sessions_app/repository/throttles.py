"""Rate limits that all workers share: one counter per caller and period.

Also what one caller may do only once at a time, for all workers.
"""

from datetime import datetime

from pymongo import ReturnDocument, WriteConcern
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError

from sessions_app.documents import ThrottleWindow, collection, versions
from sessions_app.repository import failures
from sessions_app.repository.log import Stored


@failures.translated
def take(*, key: str, amount: int, expires_at: datetime) -> int:
    """Add `amount` to the counter `key`; what it stands at now. MongoDB drops it at `expires_at`.

    Written to the primary only: a counter that a fail-over forgets lets a few requests more
    through, and waiting for a majority would cost every request a flush of the journal.
    """
    window = _windows().find_one_and_update(
        {"_id": key},
        {"$inc": {"used": amount}, "$setOnInsert": {"expires_at": expires_at, **versions.STAMP}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    return int(window["used"]) if window else 0


@failures.translated
def used(key: str) -> int:
    """What the counter `key` stands at."""
    window = ThrottleWindow.objects(pk=key).only("used").as_pymongo().first()
    return int(window["used"]) if window else 0


@failures.translated
def begin(*, key: str, now: datetime, until: datetime) -> bool:
    """Begin what `key` names, unless it is in progress; a caller that never ends it blocks it
    `until` then."""
    try:
        _windows().update_one(
            {"_id": key, "expires_at": {"$lte": now}},
            {"$set": {"expires_at": until, "used": 1}, "$setOnInsert": dict(versions.STAMP)},
            upsert=True,
        )
    except DuplicateKeyError:
        # There is one that has not expired, so the filter did not match and an insert was tried.
        return False
    return True


@failures.translated
def end(*, key: str, until: datetime) -> None:
    """End what was begun `until` then; one that another caller has begun since goes on."""
    _windows().delete_one({"_id": key, "expires_at": until})


def _windows() -> "Collection[Stored]":
    # By the driver: `modify` takes no write concern, and this is in the way of every request.
    return collection(ThrottleWindow).with_options(write_concern=WriteConcern(w=1, j=False))
