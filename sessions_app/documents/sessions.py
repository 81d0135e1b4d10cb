"""Sessions, with all that is known of one but its older messages."""

from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    LongField,
    StringField,
)

from sessions_app.documents import review_indexes
from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.documents.messages import Message, MetadataEntry
from sessions_app.documents.querysets import SessionQuerySet
from sessions_app.domain import limits
from sessions_app.domain.data import OnTopicShift, Status, Strategy

BY_TAG, BY_METADATA, PINNED, TEMPORARY = (
    "user_tag",
    "user_metadata",
    "user_pinned",
    "user_temporary",
)


class ContextPolicy(EmbeddedDocument):
    """How this session's context window is planned."""

    strategy = StringField(required=True, choices=[s.value for s in Strategy])
    max_tokens = IntField(required=True, min_value=64, max_value=1_000_000)
    max_messages = IntField(required=True, min_value=1, max_value=10_000)
    on_topic_shift = StringField(required=True, choices=[s.value for s in OnTopicShift])


class TopicRecord(EmbeddedDocument):
    """How far topics have been judged; what judging on needs is in the block judged last."""

    judged = LongField(required=True, min_value=0)
    current = LongField(required=True, min_value=0)
    start_seq = LongField(required=True, min_value=0)
    # The last shifts, `[first seq, topic, probability in thousandths]`, so that the newest pages
    # need no other collection.
    recent = ListField(ListField(LongField()))
    # A shift up to this `seq` no longer resets the window, whatever the policy.
    undone = LongField(min_value=0)


class SummaryRecord(EmbeddedDocument):
    """What was said in the messages `first_seq..last_seq`, as a model put it; derived data."""

    text = StringField()
    first_seq = LongField(required=True, min_value=1)
    last_seq = LongField(required=True, min_value=1)
    token_count = IntField(required=True, min_value=0)
    model = StringField()
    made_at = DateTimeField(required=True)


class TurnLeaseRecord(EmbeddedDocument):
    """The one turn in progress; see `data.TurnLease`."""

    id = StringField(required=True, max_length=40)
    owner = StringField(required=True, max_length=200)
    deadline = DateTimeField(required=True)
    client_id = IdentifierField(max_length=limits.CLIENT_ID_MAX_CHARS)
    cancelled = BooleanField()
    followed = BooleanField()


class PlaceInLine(EmbeddedDocument):
    """A request that waits for the session's turn, until then unless it says that it still does."""

    id = StringField(required=True, max_length=40)
    until = DateTimeField(required=True)


class Session(StoredDocument):
    """A conversation: its state, and the tail of its messages."""

    session_id = IdentifierField(primary_key=True, max_length=36)
    user_id = IdentifierField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    status = StringField(required=True, choices=[s.value for s in Status])
    # The client's own id; `session_names` holds that it is unique for its owner.
    external_id = IdentifierField(max_length=limits.EXTERNAL_ID_MAX_CHARS)
    title = StringField(max_length=limits.TITLE_MAX_CHARS)
    metadata = EmbeddedDocumentListField(MetadataEntry, max_length=limits.METADATA_MAX_KEYS)
    # Left out where there are none, so that the indexes of these hold only sessions that have some.
    tags = ListField(
        StringField(max_length=limits.TAG_MAX_CHARS), max_length=limits.TAGS_MAX, default=None
    )
    pinned = BooleanField()
    # In no list, search or title, and deleted at its timeout.
    temporary = BooleanField()

    messages = EmbeddedDocumentListField(Message)
    tail_start = LongField(required=True, min_value=1)
    # BSON bytes of the tail's messages: what keeps the document far from 16 MB.
    tail_bytes = LongField(required=True, min_value=0)
    # Grows when a message of the tail is erased, so that a spill cannot carry the old text along.
    tail_revision = LongField(required=True, min_value=0)
    message_count = LongField(required=True, min_value=0)
    token_count = LongField(required=True, min_value=0)

    context_policy = EmbeddedDocumentField(ContextPolicy, required=True)
    context_start = LongField(required=True, min_value=1)
    # Earlier values of `context_start`, newest last, for undoing resets.
    context_resets = ListField(LongField(), default=None)
    topic = EmbeddedDocumentField(TopicRecord)
    summary = EmbeddedDocumentField(SummaryRecord)
    turn = EmbeddedDocumentField(TurnLeaseRecord)
    # The requests that wait for the next turn, in the order in which they came.
    turn_queue = EmbeddedDocumentListField(PlaceInLine, default=None)
    # The title was made from the messages up to this one, and goes when one of them is erased.
    titled_from = LongField(min_value=1)
    # Grows with each erased message, so that no summary made of an older reading is stored.
    erasure_count = LongField(min_value=0)

    version = LongField(required=True, min_value=1)
    created_at = DateTimeField(required=True)
    updated_at = DateTimeField(required=True)
    ttl_seconds = LongField(min_value=0)
    expires_at = DateTimeField()
    archived_at = DateTimeField()
    legal_hold = BooleanField()
    # What staff have to look at; the words behind it are in `documents.review.ReviewNote`.
    flagged = BooleanField()
    flagged_at = DateTimeField()
    # How many replies have been rated so, and when one was last.
    rated_up = LongField()
    rated_down = LongField()
    rated_at = DateTimeField()

    COLLECTION: ClassVar[str] = "sessions"
    objects: ClassVar[SessionQuerySet]
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "queryset_class": SessionQuerySet,
        "indexes": [
            {
                # a user's list, newest activity first, by status
                "name": "user_status_activity",
                "fields": ["user_id", "status", "-updated_at", "-session_id"],
            },
            {
                # sessions that are due, in order: the sweep, its preview, and the metrics' counts
                "name": "expiry",
                "fields": ["expires_at", "session_id"],
                "partialFilterExpression": {"expires_at": {"$exists": True}},
            },
            {
                # a user's sessions that are about to expire, soonest first
                "name": "user_expiry",
                "fields": ["user_id", "expires_at", "session_id"],
                "partialFilterExpression": {"expires_at": {"$exists": True}},
            },
            {
                # archives past their retention, in order: the purge; and how many there are in all
                "name": "retention",
                "fields": ["archived_at", "session_id"],
                "partialFilterExpression": {"archived_at": {"$exists": True}},
            },
            # A user's sessions by what their product keeps on them, the newest created first: an
            # append would rewrite an order by activity.
            {
                "name": BY_TAG,
                "fields": ["user_id", "status", "tags", "-created_at", "-session_id"],
                "partialFilterExpression": {"tags": {"$exists": True}},
            },
            {
                "name": BY_METADATA,
                "fields": [
                    "user_id",
                    "status",
                    "metadata.k",
                    "metadata.v",
                    "-created_at",
                    "-session_id",
                ],
                "partialFilterExpression": {"metadata.0": {"$exists": True}},
            },
            {
                "name": PINNED,
                "fields": ["user_id", "status", "-created_at", "-session_id"],
                "partialFilterExpression": {"pinned": True},
            },
            {
                "name": TEMPORARY,
                "fields": ["user_id", "status", "-created_at", "-session_id", "temporary"],
                "partialFilterExpression": {"temporary": True},
            },
            *review_indexes.OF_SESSIONS,
        ],
    }
