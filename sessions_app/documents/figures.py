"""Figures over all sessions, for the staff's first page. None is about a person."""

from typing import Any, ClassVar

from mongoengine import DateTimeField, DictField, ListField, LongField, StringField

from sessions_app.documents.base import StoredDocument


class DailyFigures(StoredDocument):
    """A day: what was counted as it happened, and what was found out about it afterwards."""

    day = StringField(primary_key=True, max_length=10)
    counts = DictField()
    # A sketch of who was there, until the day is over; then only how many there were.
    people = DictField()
    users = LongField(min_value=0)
    sessions = LongField(min_value=0)
    storage_bytes = LongField(min_value=0)

    COLLECTION: ClassVar[str] = "daily_figures"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
    }


class StandingFigures(StoredDocument):
    """How things stand, made anew by one worker when `due_at` has passed."""

    name = StringField(primary_key=True)
    due_at = DateTimeField(required=True)
    at = DateTimeField()
    sessions = LongField(min_value=0)
    data_bytes = LongField(min_value=0)
    index_bytes = LongField(min_value=0)
    expiring = ListField(LongField(), default=None)
    flagged = ListField(LongField(), default=None)
    # The last day whose sessions have been counted to its end.
    counted_to = StringField(max_length=10)

    COLLECTION: ClassVar[str] = "standing_figures"
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
    }
