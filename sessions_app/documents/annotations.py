"""What is derived from messages."""

from typing import Any, ClassVar

from mongoengine import (
    BinaryField,
    DictField,
    IntField,
    ListField,
    LongField,
    StringField,
)

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.documents.querysets import BelongingQuerySet
from sessions_app.domain import limits


class MessageAnnotations(StoredDocument):
    """What was derived from 64 consecutive messages: vectors, topics, a sketch for finding them.

    Derived data: it may be deleted at any time and is made again when it is needed. It is kept
    apart from the messages so that appending never touches it.
    """

    block_id = IdentifierField(primary_key=True)
    session_id = IdentifierField(required=True, max_length=36)
    first_seq = LongField(required=True, min_value=1)
    # How many of the block's messages have been annotated, from its first on.
    count = IntField(required=True, min_value=0, max_value=limits.ANNOTATION_BLOCK)
    # The encoder's name, and its vectors as signed bytes, one row a message; a row of zeros
    # stands for a message without one.
    encoder = StringField()
    vectors = BinaryField()
    # The same by another encoder, until the session has them in all of its blocks and changes over.
    next_encoder = StringField()
    next_count = IntField(min_value=0, max_value=limits.ANNOTATION_BLOCK)
    next_vectors = BinaryField()
    next_centroids = BinaryField()
    topics = ListField(IntField())
    # The shifts in this block: `seq`, `score`, and the label of the topic that it ended.
    shifts = ListField(DictField())
    sketch_terms = BinaryField()
    sketch_centroids = BinaryField()
    # The judge's state after the last of these messages.
    state = BinaryField()

    COLLECTION: ClassVar[str] = "message_annotations"
    objects: ClassVar[BelongingQuerySet]
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "queryset_class": BelongingQuerySet,
    }
