"""Connects to MongoDB; nothing else does."""

from typing import Any

import mongoengine
from django.conf import settings
from pymongo.monitoring import CommandListener

from chatproject.logs.slow_queries import SlowQueries
from chatproject.mongod import embedded as mongod
from sessions_app import documents


def uri() -> str | None:
    """`MONGODB_URI`, or the address of the embedded `mongod`; None if that does not run."""
    return settings.MONGODB_URI or mongod.endpoint(settings.DATA_DIR)


def client_options(timeout_ms: int) -> dict[str, Any]:
    """Options of every connection: a write is acknowledged once a majority has it in its journal.

    `timeoutMS` bounds an operation with all its retries (client-side operations timeout), so a
    fail-over or a frozen primary becomes an error after `timeout_ms` milliseconds, and never hangs.
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
        # A damaged document must not make the others unreadable that come with it: a time out of
        # Python's range is one of another type, and broken UTF-8 is shown as such.
        "datetime_conversion": "DATETIME_AUTO",
        "unicode_decode_error_handler": "replace",
        "uuidRepresentation": "standard",
        "appname": "chat-sessions",
    }


def connect() -> None:
    """Register MongoEngine's default connection, if there is a MongoDB.

    Commands that need none (`migrate`, `spectacular`) run without. For the others, `manage.py`
    starts the embedded `mongod` first.
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
        **_listeners(),
    )


def _listeners() -> dict[str, Any]:
    listeners: list[CommandListener] = []
    if settings.SLOW_QUERY_MS:
        listeners.append(SlowQueries(settings.SLOW_QUERY_MS))
    if settings.TRACES:
        from chatproject.traces.queries import QuerySpans

        listeners.append(QuerySpans())
    # Without any, the driver makes no events.
    return {"event_listeners": listeners} if listeners else {}
