"""What staff leave behind: notes on conversations, and the log of what was read."""

from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    StringField,
)

from sessions_app.domain import limits
from sessions_app.domain.review import Act, Reason


class ReviewNote(Document):
    """What staff wrote about a session: a note, or why it was flagged, held or resolved.

    It may quote the conversation, so it belongs to it and goes with it.
    """

    note_id = StringField(primary_key=True)
    session_id = StringField(required=True, max_length=36)
    at = DateTimeField(required=True)
    # The name alone: the read log has who that was.
    staff_name = StringField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    act = StringField(required=True, choices=[act.value for act in Act])
    text = StringField(max_length=limits.NOTE_MAX_CHARS)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "review_notes",
        "auto_create_index": False,
        "id_field": "note_id",
    }


class ReviewLog(Document):
    """Who read or did what, when and why. Lines are inserted, never changed or deleted.

    The one exception is a person's erasure, which takes the person out of the lines about them.
    `_id` is a UUIDv7: the order of the log.
    """

    line_id = StringField(primary_key=True, max_length=36)
    at = DateTimeField(required=True)
    staff_id = StringField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    staff_name = StringField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    act = StringField(required=True, choices=[act.value for act in Act])
    session_id = StringField(max_length=36)
    user_id = StringField(max_length=limits.USER_ID_MAX_CHARS)
    reason = StringField(choices=[reason.value for reason in Reason])
    detail = StringField(max_length=limits.REASON_MAX_CHARS)
    about = DictField()
    erased = BooleanField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "review_log",
        "auto_create_index": False,
        "id_field": "line_id",
        "indexes": [
            # whether this reader has said why today, and a conversation's own history
            {"name": "session_order", "fields": ["session_id", "-_id"]},
            # what a person is told of who read what of theirs
            {"name": "user_order", "fields": ["user_id", "-_id"]},
            # the log's own page, by its filters
            {"name": "staff_order", "fields": ["staff_id", "-_id"]},
            {"name": "act_order", "fields": ["act", "-_id"]},
        ],
    }


ALL = (ReviewNote, ReviewLog)
