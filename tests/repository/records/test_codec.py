"""What of a stored session an export has: all but how it is stored and what is derived from it."""

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocumentField,
    IntField,
    ListField,
    LongField,
    StringField,
)

from sessions_app.documents import Message, MetadataEntry, Session
from sessions_app.repository.records import codec as record_codec

PLAIN = (StringField, IntField, LongField, BooleanField, DateTimeField, DictField)


def carries(field) -> bool:
    """Whether a field's value can go into a record and come back from it as it was."""
    if isinstance(field, EmbeddedDocumentField):
        return all(map(carries, field.document_type._fields.values()))
    if isinstance(field, ListField) and field.field is not None:
        listed = field.field
        if isinstance(listed, EmbeddedDocumentField):
            return listed.document_type is MetadataEntry
        return isinstance(listed, StringField | IntField | LongField | BooleanField)
    return isinstance(field, PLAIN)


def test_every_field_of_a_session_is_carried_or_named_as_left_out():
    left_out = record_codec.NOT_CARRIED
    assert left_out <= set(Session._fields)
    for name, field in Session._fields.items():
        assert name in left_out or carries(field), f"{name} needs a place in record_codec"


def test_every_field_of_a_message_is_carried():
    for name, field in Message._fields.items():
        assert carries(field), f"{name} needs a place in record_codec"
