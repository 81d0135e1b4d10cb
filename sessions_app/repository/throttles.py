"""Rate limits that all workers share: one counter per caller and period."""

from datetime import datetime

from pymongo import ReturnDocument, WriteConcern

from sessions_app.documents import ThrottleWindow, collection
from sessions_app.repository import failures


@failures.translated
def take(*, key: str, amount: int, expires_at: datetime) -> int:
    """Add `amount` to the counter `key`; what it stands at now. MongoDB drops it at `expires_at`.

    Written to the primary only: a counter that a fail-over forgets lets a few requests more
    through, and waiting for a majority would cost every request a flush of the journal.
    """
    # By the driver: `modify` takes no write concern, and this is in the way of every request.
    windows = collection(ThrottleWindow).with_options(write_concern=WriteConcern(w=1, j=False))
    window = windows.find_one_and_update(
        {"_id": key},
        {"$inc": {"used": amount}, "$setOnInsert": {"expires_at": expires_at}},
        upsert=True,
        return_document=ReturnDocument.AFTER,
    )
    return int(window["used"]) if window else 0
