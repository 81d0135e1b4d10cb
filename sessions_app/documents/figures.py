"""Figures over all sessions, for the staff's first page. None is about a person."""

from typing import Any, ClassVar

from mongoengine import DateTimeField, DictField, Document, ListField, LongField, StringField


class DailyFigures(Document):
    """A day: what was counted as it happened, and what was found out about it afterwards."""

    day = StringField(primary_key=True, max_length=10)
    counts = DictField()
    # A sketch of who was there, until the day is over; then only how many there were.
    people = DictField()
    users = LongField(min_value=0)
    sessions = LongField(min_value=0)
    storage_bytes = LongField(min_value=0)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "daily_figures",
        "auto_create_index": False,
        "id_field": "day",
    }


class StandingFigures(Document):
    """How things stand, made anew by one worker when `due_at` has passed."""

    name = StringField(primary_key=True)
    due_at = DateTimeField(required=True)
    at = DateTimeField()
    sessions = LongField(min_value=0)
    data_bytes = LongField(min_value=0)
    index_bytes = LongField(min_value=0)
    expiring = ListField(LongField())
    flagged = ListField(LongField())
    # The last day whose sessions have been counted to its end.
    counted_to = StringField(max_length=10)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "standing_figures",
        "auto_create_index": False,
        "id_field": "name",
    }
