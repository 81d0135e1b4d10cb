"""Work that waits to be done for a session."""

from typing import Any, ClassVar

from mongoengine import DateTimeField, LongField, StringField

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.domain import limits
from sessions_app.domain.deferred import Kind


class DeferredWork(StoredDocument):
    """One piece, from when it is asked for until it is done."""

    # "<session_id>/<kind>"
    piece_id = IdentifierField(primary_key=True)
    session_id = IdentifierField(required=True, max_length=36)
    user_id = IdentifierField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    kind = StringField(required=True, choices=[kind.value for kind in Kind])
    # When it may be claimed: while a process works on it, that is the end of its lease.
    due_at = DateTimeField(required=True)
    claimant = IdentifierField(max_length=200)
    revision = LongField(required=True, min_value=1)
    attempts = LongField(min_value=0)

    COLLECTION: ClassVar[str] = "deferred_work"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "indexes": [
            {
                # what is due of these kinds, the longest due first
                "name": "kind_due",
                "fields": ["kind", "due_at"],
            },
        ],
    }
