"""What search is answered from: derived data, apart from what it was made of."""

from typing import Any, ClassVar

from mongoengine import DateTimeField, ListField, LongField, StringField

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.documents.querysets import BelongingQuerySet
from sessions_app.domain import limits


class SearchDocument(StoredDocument):
    """By which words up to 64 messages in a row are found; with `first_seq` 0, a session's title.

    Derived data: it may be deleted at any time and is made again when somebody searches. The
    document of the title also says how far its session has been indexed.
    """

    block_id = IdentifierField(primary_key=True)
    session_id = IdentifierField(required=True, max_length=36)
    user_id = IdentifierField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    first_seq = LongField(required=True, min_value=0)
    # Less than 64 messages where those say very much.
    last_seq = LongField(min_value=1)
    # The time of the block's first message, which never changes; of a title, the session's.
    first_at = DateTimeField(required=True)
    terms = ListField(StringField())
    indexed = LongField(min_value=0)
    erasure_count = LongField(min_value=0)
    forgotten = LongField(min_value=0)
    holes = ListField(LongField())
    title = StringField()

    COLLECTION: ClassVar[str] = "search_documents"
    objects: ClassVar[BelongingQuerySet]
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "queryset_class": BelongingQuerySet,
        "indexes": [
            # a person's own search, the newest first
            {"name": "user_terms", "fields": ["user_id", "terms", "-first_at"]},
            # the staff's, through everybody's
            {"name": "terms", "fields": ["terms", "-first_at"]},
        ],
    }


class SearchProgress(StoredDocument):
    """Up to which activity everything is indexed: of one user, as a keyed hash, or `*`, of all."""

    key = IdentifierField(primary_key=True)
    indexed_until = DateTimeField(required=True)

    COLLECTION: ClassVar[str] = "search_progress"
    meta: ClassVar[dict[str, Any]] = {"collection": COLLECTION}
