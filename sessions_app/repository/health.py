"""Whether MongoDB takes writes just now."""

import pymongo
from mongoengine import get_db
from mongoengine.connection import ConnectionFailure as NotConnected
from pymongo.errors import PyMongoError

from sessions_app.documents import Figures, collection, versions

_PROBE = "readiness"


def primary_is_up(timeout_ms: int) -> bool:
    """Whether a writable primary answers within `timeout_ms` milliseconds."""
    # A probe waits for a moment at most, however long an operation may otherwise take.
    try:
        with pymongo.timeout(timeout_ms / 1_000):
            return bool(get_db().command("hello").get("isWritablePrimary"))
    except (PyMongoError, NotConnected):
        return False


def majority_takes_writes(timeout_ms: int) -> bool:
    """Whether a write reaches a majority within `timeout_ms` milliseconds.

    A primary whose secondaries are gone still says that it is one, for seconds or, beside an
    arbiter, for good; nothing can be appended meanwhile. So this writes.
    """
    try:
        with pymongo.timeout(timeout_ms / 1_000):
            # By the driver: whatever goes wrong is the answer, and no error of ours.
            collection(Figures).update_one(
                {"_id": _PROBE},
                {
                    "$currentDate": {"counted_at": True, "due_at": True},
                    "$setOnInsert": dict(versions.STAMP),
                },
                upsert=True,
            )
    except (PyMongoError, NotConnected):
        return False
    return True
