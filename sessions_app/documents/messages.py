"""Messages, embedded in a session's tail and in buckets."""

from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    LongField,
    StringField,
)

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.documents.querysets import BelongingQuerySet
from sessions_app.domain import limits
from sessions_app.domain.data import Rating, Role


class MetadataEntry(EmbeddedDocument):
    """One key and value of a client's metadata.

    Pairs rather than a sub-document: a client's key may hold a dot or begin with a dollar, which
    as a field name MongoDB would read as a path, an operator or a DBRef.
    """

    k = StringField(required=True, max_length=limits.METADATA_KEY_MAX_CHARS)
    v = StringField(required=True, max_length=limits.METADATA_VALUE_MAX_CHARS)


class GenerationRecord(EmbeddedDocument):
    """How a model came to write a message; see `data.Generation`."""

    turn_id = StringField(required=True, max_length=40)
    reply_to = LongField(required=True, min_value=0)
    model = StringField(max_length=limits.MODEL_NAME_MAX_CHARS)
    finish_reason = StringField(max_length=limits.FINISH_REASON_MAX_CHARS)
    prompt_tokens = LongField(min_value=0)
    completion_tokens = LongField(min_value=0)
    # All that the model's server counted, under its own names.
    usage = DictField()


class FeedbackRecord(EmbeddedDocument):
    """A user's rating of a reply; see `data.Feedback`."""

    rating = StringField(required=True, choices=[rating.value for rating in Rating])
    comment = StringField(max_length=limits.FEEDBACK_MAX_CHARS)
    given_at = DateTimeField(required=True)


class Message(EmbeddedDocument):
    """One message, in a session's tail or in a bucket."""

    id = StringField(required=True, max_length=40)
    role = StringField(required=True, choices=[role.value for role in Role])
    content = StringField()
    timestamp = DateTimeField(required=True)
    token_count = IntField(required=True, min_value=0)
    topic = IntField(min_value=0)
    topic_shift = BooleanField()
    client_id = IdentifierField(max_length=limits.CLIENT_ID_MAX_CHARS)
    name = StringField(max_length=limits.NAME_MAX_CHARS)
    # JSON text: a client's tool calls are given back exactly as they came, whatever their keys.
    tool_calls = StringField()
    tool_call_id = StringField(max_length=limits.TOOL_CALL_ID_MAX_CHARS)
    metadata = EmbeddedDocumentListField(MetadataEntry)
    deleted = BooleanField()
    generation = EmbeddedDocumentField(GenerationRecord)
    # The seq of what took the place of this one, and of the first message of its branch.
    superseded_by = LongField(min_value=1)
    superseded_with = LongField(min_value=1)
    # The seq of the message in whose place this one was written.
    replaces = LongField(min_value=1)
    # What the user thinks of it.
    feedback = EmbeddedDocumentField(FeedbackRecord)
    # What the model thought, and JSON text of what its server wants back; no part of the text.
    reasoning = StringField(max_length=limits.REASONING_MAX_CHARS)
    extra = StringField(max_length=limits.EXTRA_MAX_CHARS)
    # JSON text: what the OpenAI wire's items have beyond the message; see `domain.items`.
    items = StringField(max_length=limits.ITEMS_MAX_CHARS)
    # The ids in `items` that a client brought, by which an item is found.
    item_ids = ListField(StringField(max_length=limits.ITEM_ID_MAX_CHARS), default=None)
    # JSON text: what it is where it is more than text; see `domain.parts`.
    parts = StringField()

    meta: ClassVar[dict[str, Any]] = {"allow_inheritance": False}


class MessageBucket(StoredDocument):
    """An older run of a session's messages, at most 64; only an erasure ever changes it."""

    bucket_id = IdentifierField(primary_key=True)
    session_id = IdentifierField(required=True, max_length=36)
    first_seq = LongField(required=True, min_value=1)
    last_seq = LongField(required=True, min_value=1)
    messages = EmbeddedDocumentListField(Message)
    token_count = LongField(required=True, min_value=0)
    revision = LongField(required=True, min_value=0)

    COLLECTION: ClassVar[str] = "message_buckets"
    objects: ClassVar[BelongingQuerySet]
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "queryset_class": BelongingQuerySet,
        "indexes": [
            {
                # an idempotency key that has left the tail
                "name": "session_client_id",
                "fields": ["session_id", "messages.client_id"],
                "partialFilterExpression": {"messages.client_id": {"$exists": True}},
            },
            {
                # an item of the OpenAI wire by its id, which is made of its message's
                "name": "session_message_id",
                "fields": ["session_id", "messages.id"],
            },
            {
                # an item by an id that a client brought
                "name": "session_item_id",
                "fields": ["session_id", "messages.item_ids"],
                "partialFilterExpression": {"messages.item_ids": {"$exists": True}},
            },
        ],
    }
