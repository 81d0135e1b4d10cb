"""Whether MongoDB takes writes just now."""

import pymongo
from mongoengine import get_db
from mongoengine.connection import ConnectionFailure as NotConnected
from pymongo.errors import PyMongoError


def primary_is_up(timeout_ms: int) -> bool:
    """Whether a writable primary answers within `timeout_ms` milliseconds."""
    # A probe waits for a moment at most, however long an operation may otherwise take.
    try:
        with pymongo.timeout(timeout_ms / 1_000):
            return bool(get_db().command("hello").get("isWritablePrimary"))
    except (PyMongoError, NotConnected):
        return False
