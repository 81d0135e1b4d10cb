"""The one place that connects to MongoDB."""

from typing import Any

import mongoengine
from django.conf import settings

from chatproject.mongod import embedded as mongod
from sessions_app import documents


def uri() -> str | None:
    """Where MongoDB is: `MONGODB_URI`, or the embedded one that runs under `DATA_DIR`, or None."""
    return settings.MONGODB_URI or mongod.endpoint(settings.DATA_DIR)


def client_options(timeout_ms: int) -> dict[str, Any]:
    """What every connection promises: acknowledged means on a majority, in the journal, in time.

    `timeoutMS` bounds an operation with all its retries (client-side operations timeout), so a
    fail-over or a frozen primary ends as an error after `timeout_ms` milliseconds, never a hang.
    """
    return {
        "w": "majority",
        "journal": True,
        "readPreference": "primary",
        "readConcernLevel": "majority",
        "retryWrites": True,
        "timeoutMS": timeout_ms,
        "serverSelectionTimeoutMS": timeout_ms,
        "connectTimeoutMS": min(timeout_ms, 2_000),
        "heartbeatFrequencyMS": 2_000,
        "maxPoolSize": 200,
        "tz_aware": True,
        "uuidRepresentation": "standard",
        "appname": "chat-sessions",
    }


def connect() -> None:
    """Register MongoEngine's default connection; without a database to name, do nothing.

    A command that needs no database (`migrate`, `spectacular`) then still runs; one that does
    has had `manage.py` start the embedded `mongod` before Django was set up.
    """
    address = uri()
    if address is None:
        return
    mongoengine.disconnect()
    documents.collection.cache_clear()
    mongoengine.connect(
        db=settings.MONGODB_DATABASE,
        host=address,
        **client_options(settings.MONGODB_TIMEOUT_MS),
    )
