"""Imports that users have asked for."""

from typing import Any, ClassVar

from mongoengine import DateTimeField, ListField, LongField, StringField

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.domain import limits
from sessions_app.domain.imports import ImportStatus


class ImportRun(StoredDocument):
    """One import: how far it has come; MongoDB deletes it a day after it was last changed.

    Its counts are JSON text, as names of counts may have dots in them.
    """

    import_id = IdentifierField(primary_key=True, max_length=40)
    user_id = IdentifierField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    status = StringField(required=True, choices=[status.value for status in ImportStatus])
    started_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    finished_at = DateTimeField()
    format = StringField(max_length=40)
    # How much of the file has been read.
    permille = LongField(min_value=0, max_value=1_000)
    # Of this attempt: another one, by another process, makes another.
    attempt = IdentifierField(required=True, max_length=36)
    counted = StringField(max_length=limits.IMPORT_COUNTED_MAX_CHARS)
    refused = ListField(StringField(max_length=limits.IMPORT_REASON_MAX_CHARS))
    session_ids = ListField(IdentifierField(max_length=36))
    problem = StringField(max_length=limits.IMPORT_REASON_MAX_CHARS)

    COLLECTION: ClassVar[str] = "import_runs"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            # what an erasure removes, and whether one of a user's is running
            {"name": "user", "fields": ["user_id"]},
            {
                # MongoDB's own deletion
                "name": "updated_at_ttl",
                "fields": ["updated_at"],
                "expireAfterSeconds": limits.IMPORTS_KEPT_SECONDS,
            },
        ],
    }
