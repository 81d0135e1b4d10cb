"""The records of turns."""

from typing import Any, ClassVar

from mongoengine import (
    BooleanField,
    DateTimeField,
    DictField,
    LongField,
    StringField,
)

from sessions_app.documents.base import IdentifierField, StoredDocument
from sessions_app.documents.querysets import BelongingQuerySet
from sessions_app.domain import limits
from sessions_app.domain.turns import TurnState


class Turn(StoredDocument):
    """One model call: what it was asked for with, what the model saw, what came of it.

    `text` is the reply so far and `thoughts` what the model thought, for clients on other workers;
    they go when the turn ends, as the stored message has them then.
    """

    record_id = IdentifierField(primary_key=True)
    session_id = IdentifierField(required=True, max_length=36)
    user_id = IdentifierField(required=True, max_length=limits.USER_ID_MAX_CHARS)
    state = StringField(required=True, choices=[s.value for s in TurnState])
    regenerates = BooleanField()
    client_id = IdentifierField(max_length=limits.CLIENT_ID_MAX_CHARS)
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
    # What the model thinks, the name under which its server sends it, and how many characters of it
    # came before the reply.
    thoughts = StringField(max_length=limits.REASONING_MAX_CHARS)
    thought_member = StringField(max_length=40)
    early_thoughts = LongField(min_value=0)
    refuses = BooleanField()
    # The terms of a response of the OpenAI wire; its parameters as JSON text.
    response = DictField()
    # The id of the message that such a response stores, which clients refer to.
    reply_id = IdentifierField(max_length=40)
    model = StringField(max_length=limits.MODEL_NAME_MAX_CHARS)
    finish_reason = StringField(max_length=limits.FINISH_REASON_MAX_CHARS)
    prompt_tokens = LongField(min_value=0)
    completion_tokens = LongField(min_value=0)
    error_code = StringField(max_length=40)
    error_detail = StringField()
    # The field of the request that the error names.
    error_attr = StringField(max_length=200)
    # The status and the words of a model's server that refused.
    error_refusal = DictField()

    COLLECTION: ClassVar[str] = "turns"
    objects: ClassVar[BelongingQuerySet]
    meta: ClassVar[dict[str, Any]] = {
        "collection": COLLECTION,
        "queryset_class": BelongingQuerySet,
        "indexes": [
            {
                # the turns of an idempotency key
                "name": "session_client_id",
                "fields": ["session_id", "client_id"],
                "partialFilterExpression": {"client_id": {"$exists": True}},
            },
            {
                # the response that has given an item, for clients that keep the history themselves
                "name": "user_reply",
                "fields": ["user_id", "reply_id"],
                "partialFilterExpression": {"reply_id": {"$exists": True}},
            },
            {
                # the few that are running, for finding those whose worker is gone
                "name": "running_deadline",
                "fields": ["deadline"],
                "partialFilterExpression": {"state": TurnState.RUNNING.value},
            },
        ],
    }
