"""What staff leave behind: notes on conversations, and the log of what was read."""

from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    LongField,
    StringField,
)

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.documents.querysets import BelongingQuerySet, ReviewLogQuerySet
from sessions_app.domain import limits
from sessions_app.domain.review import Act, Reason


class ReviewNote(StoredDocument):
    """What staff wrote about a session: a note, or why it was flagged, held or resolved.

    It may quote the conversation, so it belongs to it and goes with it.
    """

    note_id = IdentifierField(primary_key=True)
    session_id = IdentifierField(required=True, max_length=36)
    at = DateTimeField(required=True)
    # The name alone: the read log has who that was.
    staff_name = StringField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    act = StringField(required=True, choices=[act.value for act in Act])
    text = StringField(max_length=limits.NOTE_MAX_CHARS)

    COLLECTION: ClassVar[str] = "review_notes"
    objects: ClassVar[BelongingQuerySet]
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "queryset_class": BelongingQuerySet,
    }


class ReviewLog(StoredDocument):
    """Who read or did what, when and why. Lines are inserted, never changed or deleted.

    The one exception is a person's erasure, which takes the person out of the lines about them.
    `_id` is a UUIDv7: the order of the log.
    """

    line_id = IdentifierField(primary_key=True, max_length=36)
    at = DateTimeField(required=True)
    staff_id = IdentifierField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    staff_name = StringField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    act = StringField(required=True, choices=[act.value for act in Act])
    session_id = IdentifierField(max_length=36)
    user_id = IdentifierField(max_length=limits.USER_ID_MAX_CHARS)
    reason = StringField(choices=[reason.value for reason in Reason])
    detail = StringField(max_length=limits.REASON_MAX_CHARS)
    about = DictField(default=None)
    erased = BooleanField()
    # The hash chain: the line's position in it, and what ties it to the line before.
    seq = LongField(min_value=1)
    digest = StringField(max_length=64)
    person_seal = StringField(max_length=64)
    person_salt = StringField(max_length=32)
    staff_seal = StringField(max_length=64)
    staff_salt = StringField(max_length=32)

    COLLECTION: ClassVar[str] = "review_log"
    objects: ClassVar[ReviewLogQuerySet]
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "queryset_class": ReviewLogQuerySet,
        "indexes": [
            # whether this reader has said why today, and a conversation's own history
            {"name": "session_order", "fields": ["session_id", "-_id"]},
            # what a person is told of who read what of theirs
            {"name": "user_order", "fields": ["user_id", "-_id"]},
            # the log's own page, by its filters
            {"name": "staff_order", "fields": ["staff_id", "-_id"]},
            {"name": "act_order", "fields": ["act", "-_id"]},
            # the chain: two writers cannot tie lines to the same one
            {"name": "seq_unique", "fields": ["seq"], "unique": True, "sparse": True},
        ],
    }


class ReviewLogHead(StoredDocument):
    """How far the chain of the read log has reached, so that lines missing at its end show."""

    name = StringField(primary_key=True)
    newest = StringField(required=True, max_length=80)

    COLLECTION: ClassVar[str] = "review_log_head"
    meta: ClassVar[dict[str, Any]] = {"collection": COLLECTION}


ALL = (ReviewNote, ReviewLog, ReviewLogHead)
