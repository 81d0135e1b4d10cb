"""What is stored: MongoEngine documents with their fields, validation and indexes.

The repository alone reads and writes them. A `seq` is not stored but counted: it is the place of
a message in its list plus `tail_start` (or `first_seq` in a bucket), so it cannot have a gap.
"""

from typing import Any, ClassVar

from mongoengine import (
    BinaryField,
    BooleanField,
    DateTimeField,
    DictField,
    Document,
    EmbeddedDocument,
    EmbeddedDocumentField,
    EmbeddedDocumentListField,
    IntField,
    ListField,
    LongField,
    StringField,
    ValidationError,
)

from sessions_app.documents import review, review_indexes
from sessions_app.documents.figures import DailyFigures as DailyFigures
from sessions_app.documents.figures import StandingFigures as StandingFigures
from sessions_app.documents.operations import Figures as Figures
from sessions_app.documents.operations import Sweep as Sweep
from sessions_app.documents.search import SearchDocument as SearchDocument
from sessions_app.documents.search import SearchProgress as SearchProgress
from sessions_app.domain import limits
from sessions_app.domain.data import OnTopicShift, Role, Status, Strategy
from sessions_app.domain.turns import TurnState


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


class Message(EmbeddedDocument):
    """One message, in a session's tail or in a bucket."""

    id = StringField(required=True, max_length=40)
    role = StringField(required=True, choices=[role.value for role in Role])
    content = StringField()
    timestamp = DateTimeField(required=True)
    token_count = IntField(required=True, min_value=0)
    topic = IntField(min_value=0)
    topic_shift = BooleanField()
    client_id = StringField(max_length=limits.CLIENT_ID_MAX_CHARS)
    name = StringField(max_length=limits.NAME_MAX_CHARS)
    # JSON text: a client's tool calls are given back exactly as they came, whatever their keys.
    tool_calls = StringField()
    tool_call_id = StringField(max_length=limits.TOOL_CALL_ID_MAX_CHARS)
    metadata = EmbeddedDocumentListField(MetadataEntry)
    deleted = BooleanField()
    generation = EmbeddedDocumentField(GenerationRecord)
    # The seq of the reply that was generated in place of this one.
    superseded_by = LongField(min_value=1)

    meta: ClassVar[dict[str, Any]] = {"allow_inheritance": False}


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
    # The last shifts, `[first seq, topic]`, so that the newest pages need no other collection.
    recent = ListField(ListField(LongField()))
    # A shift up to this `seq` no longer resets the window, whatever the policy.
    undone = LongField(min_value=0)
    # Where version 0.1 kept the judge's state, whose kilobytes every append then wrote again.
    state = DictField()


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
    client_id = StringField(max_length=limits.CLIENT_ID_MAX_CHARS)
    cancelled = BooleanField()


class Session(Document):
    """A conversation: its state, and the tail of its messages."""

    session_id = StringField(primary_key=True, max_length=36)
    user_id = StringField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    status = StringField(required=True, choices=[s.value for s in Status])
    title = StringField(max_length=limits.TITLE_MAX_CHARS)
    metadata = EmbeddedDocumentListField(MetadataEntry, max_length=limits.METADATA_MAX_KEYS)

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
    context_resets = ListField(LongField())
    topic = EmbeddedDocumentField(TopicRecord)
    summary = EmbeddedDocumentField(SummaryRecord)
    turn = EmbeddedDocumentField(TurnLeaseRecord)
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

    meta: ClassVar[dict[str, Any]] = {
        "collection": "sessions",
        # Indexes are built by `ensure_indexes`, never in the middle of somebody's request.
        "auto_create_index": False,
        "id_field": "session_id",
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
            *review_indexes.OF_SESSIONS,
        ],
    }


class MessageBucket(Document):
    """An older run of a session's messages, at most 64; only an erasure ever changes it."""

    bucket_id = StringField(primary_key=True)
    session_id = StringField(required=True, max_length=36)
    first_seq = LongField(required=True, min_value=1)
    last_seq = LongField(required=True, min_value=1)
    messages = EmbeddedDocumentListField(Message)
    token_count = LongField(required=True, min_value=0)
    revision = LongField(required=True, min_value=0)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "message_buckets",
        "auto_create_index": False,
        "id_field": "bucket_id",
        "indexes": [
            {
                # an idempotency key that has left the tail
                "name": "session_client_id",
                "fields": ["session_id", "messages.client_id"],
                "partialFilterExpression": {"messages.client_id": {"$exists": True}},
            },
        ],
    }


class MessageAnnotations(Document):
    """What was derived from 64 consecutive messages: vectors, topics, a sketch for finding them.

    Derived data: it may be deleted at any time and is made again when it is needed. It is kept
    apart from the messages so that appending never touches it.
    """

    block_id = StringField(primary_key=True)
    session_id = StringField(required=True, max_length=36)
    first_seq = LongField(required=True, min_value=1)
    # How many of the block's messages have been annotated, from its first on.
    count = IntField(required=True, min_value=0, max_value=limits.ANNOTATION_BLOCK)
    # The encoder's name, and its vectors as signed bytes, one row a message; a row of zeros
    # stands for a message without one.
    encoder = StringField()
    vectors = BinaryField()
    topics = ListField(IntField())
    # The shifts in this block: `seq`, `score`, and the label of the topic that it ended.
    shifts = ListField(DictField())
    sketch_terms = BinaryField()
    sketch_centroids = BinaryField()
    # The judge's state after the last of these messages.
    state = BinaryField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "message_annotations",
        "auto_create_index": False,
        "id_field": "block_id",
    }


class Turn(Document):
    """One model call: what it was asked for with, what the model saw, what came of it.

    `text` is the reply so far, for clients on other workers; it goes when the turn ends, as the
    stored message has it then.
    """

    record_id = StringField(primary_key=True)
    session_id = StringField(required=True, max_length=36)
    user_id = StringField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    state = StringField(required=True, choices=[s.value for s in TurnState])
    regenerates = BooleanField()
    client_id = StringField(max_length=limits.CLIENT_ID_MAX_CHARS)
    # Of the parameters, so that the same key with others is noticed.
    fingerprint = StringField(max_length=32)
    user_seq = LongField(required=True, min_value=0)
    assistant_seq = LongField(min_value=1)
    started_at = DateTimeField(required=True)
    deadline = DateTimeField(required=True)
    ended_at = DateTimeField()
    # What the model saw: token counts, the strategy, and the seqs as runs `[first, last]`.
    seen = DictField()
    text = StringField()
    model = StringField(max_length=limits.MODEL_NAME_MAX_CHARS)
    finish_reason = StringField(max_length=limits.FINISH_REASON_MAX_CHARS)
    prompt_tokens = LongField(min_value=0)
    completion_tokens = LongField(min_value=0)
    error_code = StringField(max_length=40)
    error_detail = StringField()

    meta: ClassVar[dict[str, Any]] = {
        "collection": "turns",
        "auto_create_index": False,
        "id_field": "record_id",
        "indexes": [
            {
                # the turns of an idempotency key
                "name": "session_client_id",
                "fields": ["session_id", "client_id"],
                "partialFilterExpression": {"client_id": {"$exists": True}},
            },
            {
                # the few that are running, for finding those whose worker is gone
                "name": "running_deadline",
                "fields": ["deadline"],
                "partialFilterExpression": {"state": TurnState.RUNNING.value},
            },
        ],
    }


class ErasedUser(Document):
    """The receipt of a user's erasure: a token that outlives them may create nothing anew.

    `user_hash` is keyed, so that nobody can find out from it whether somebody was here.
    """

    user_hash = StringField(primary_key=True, max_length=64)
    erased_at = DateTimeField(required=True)
    completed_at = DateTimeField()
    # How much there was: sessions, messages, rows of the accounts database.
    counts = DictField()
    # The sessions of the step at hand, until all that belongs to them is gone.
    pending = ListField(DictField())

    meta: ClassVar[dict[str, Any]] = {"collection": "erased_users", "auto_create_index": False}


class ThrottleWindow(Document):
    """How much of a rate limit one caller has used in one period; MongoDB deletes it later."""

    key = StringField(primary_key=True)
    used = LongField(required=True, min_value=0)
    expires_at = DateTimeField(required=True)

    meta: ClassVar[dict[str, Any]] = {
        "collection": "throttle_windows",
        "auto_create_index": False,
        "indexes": [{"name": "expires_at_ttl", "fields": ["expires_at"], "expireAfterSeconds": 0}],
    }


ALL = (
    Session,
    MessageBucket,
    MessageAnnotations,
    Turn,
    SearchDocument,
    SearchProgress,
    DailyFigures,
    StandingFigures,
    ErasedUser,
    ThrottleWindow,
    Sweep,
    Figures,
    *review.ALL,
)


def validate_message(stored: dict[str, Any]) -> None:
    """Raise mongoengine's ValidationError when a message about to be stored breaks its document.

    An atomic `$push` goes past MongoEngine, which validates on `save()` only, so the repository
    calls this before every write.
    """
    for name, field in _MESSAGE_FIELDS:
        value = stored.get(name)
        if value is not None:
            field._validate(value)
        elif field.required:
            field.error(f"{name} is required")
    if unknown := stored.keys() - Message._fields.keys():
        raise ValidationError(f"not fields of a message: {sorted(unknown)}")


_MESSAGE_FIELDS = [
    (name, field)
    for name, field in Message._fields.items()
    if name not in {"metadata", "generation"}
]
