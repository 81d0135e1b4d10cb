"""A session on the wire, and pages of sessions."""

from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from sessions_app.api.wire.messages import (
    MessageInput,
    MessageOutput,
    message_draft,
    messages,
    timestamp,
)
from sessions_app.domain import limits
from sessions_app.domain.applications import shown_owner
from sessions_app.domain.data import Message, OnTopicShift, Session, Status, Strategy
from sessions_app.domain.drafts import SessionDraft
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.sessions import names as session_names
from sessions_app.http.fields import MetadataPatchField, TagsField
from sessions_app.http.input import (
    MetadataField,
    RefusesUnknown,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
    values_of,
)

Data = dict[str, Any]


class PolicyInput(RefusesUnknown):
    """The fields of a context policy to set; the others stay as they are."""

    strategy = StrictChoiceField(choices=values_of(Strategy), required=False)
    max_tokens = StrictIntegerField(min_value=64, max_value=1_000_000, required=False)
    max_messages = StrictIntegerField(min_value=1, max_value=10_000, required=False)
    on_topic_shift = StrictChoiceField(choices=values_of(OnTopicShift), required=False)

    def to_internal_value(self, data: Any) -> Data:
        """The choices as the domain's enumerations."""
        values: Data = super().to_internal_value(data)
        if "strategy" in values:
            values["strategy"] = Strategy(values["strategy"])
        if "on_topic_shift" in values:
            values["on_topic_shift"] = OnTopicShift(values["on_topic_shift"])
        return values


class SessionChanges(RefusesUnknown):
    """What a client may change of its session; `ttl_seconds` null means the default again."""

    title = StrictCharField(max_length=limits.TITLE_MAX_CHARS, allow_blank=True, required=False)
    metadata = MetadataField(required=False)
    ttl_seconds = StrictIntegerField(
        min_value=0, max_value=limits.TTL_MAX_SECONDS, allow_null=True, required=False
    )
    context_policy = PolicyInput(required=False)
    tags = TagsField(required=False)
    pinned = StrictBooleanField(required=False)


class SessionPatch(SessionChanges):
    """Changes as a merge patch (RFC 7396): null removes what it names."""

    title = StrictCharField(
        max_length=limits.TITLE_MAX_CHARS, allow_blank=True, allow_null=True, required=False
    )
    metadata = MetadataPatchField(allow_null=True, required=False)
    tags = TagsField(allow_null=True, required=False)
    pinned = StrictBooleanField(allow_null=True, required=False)


@extend_schema_field({"type": "string", "pattern": session_names.PATTERN})
class ExternalIdField(StrictCharField):
    """An id of the client's own, unique for its owner."""

    def to_internal_value(self, data: Any) -> str:
        """The text itself; `invalid` for what is no id."""
        text = super().to_internal_value(data)
        try:
            session_names.check_external_id(text, attr="external_id")
        except InvalidInput as error:
            raise serializers.ValidationError(error.detail, "invalid") from error
        return text


class SessionInput(SessionChanges):
    """A session to create; everything is optional."""

    external_id = ExternalIdField(
        max_length=limits.EXTERNAL_ID_MAX_CHARS, allow_null=True, required=False
    )
    system_prompt = StrictCharField(allow_blank=True, allow_null=True, required=False)
    messages = serializers.ListField(
        child=MessageInput(), max_length=limits.SEED_MAX_MESSAGES, required=False
    )
    temporary = StrictBooleanField(
        required=False,
        help_text="In no list, search or title, and deleted at its timeout.",
    )


class ForkInput(RefusesUnknown):
    """How much of the history a fork copies, and its title."""

    up_to_seq = StrictIntegerField(min_value=1, allow_null=True, required=False)
    title = StrictCharField(
        max_length=limits.TITLE_MAX_CHARS, allow_blank=True, allow_null=True, required=False
    )


class ExportQuery(RefusesUnknown):
    """The form of an export, and whether the bytes of pictures and files are in it."""

    format = StrictChoiceField(choices=["json", "jsonl", "markdown"], default="json")
    attachments = StrictChoiceField(choices=["none", "inside"], default="none")

    def validate(self, attrs: Data) -> Data:
        """Markdown links to them, by their paths at this service."""
        if attrs["format"] == "markdown" and attrs["attachments"] == "inside":
            problem = "Markdown has links in their place; use json or jsonl."
            raise serializers.ValidationError({"attachments": [problem]}, "invalid")
        return attrs


class PolicyOutput(serializers.Serializer[Data]):
    """A session's context policy."""

    strategy = serializers.ChoiceField(choices=values_of(Strategy))
    max_tokens = StrictIntegerField(min_value=64, max_value=1_000_000)
    max_messages = StrictIntegerField(min_value=1, max_value=10_000)
    on_topic_shift = serializers.ChoiceField(choices=values_of(OnTopicShift))


class SessionOutput(serializers.Serializer[Data]):
    """A session without its messages."""

    # Only for the description: `session` below writes it, without validating.
    session_id = serializers.UUIDField()
    user_id = StrictCharField()
    title = StrictCharField(allow_blank=True)
    status = serializers.ChoiceField(choices=values_of(Status))
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    message_count = StrictIntegerField(min_value=0)
    token_count = StrictIntegerField(min_value=0)
    metadata = MetadataField()
    context_policy = PolicyOutput()
    context_start = StrictIntegerField(min_value=1)
    topic = serializers.JSONField(allow_null=True)
    turn_in_progress = StrictBooleanField()
    external_id = StrictCharField(allow_null=True)
    tags = serializers.ListField(child=StrictCharField())
    pinned = StrictBooleanField()
    temporary = StrictBooleanField()


class SessionWithMessages(SessionOutput):
    """A session with its newest messages, oldest first."""

    messages = MessageOutput(many=True)
    has_more = StrictBooleanField()


class ListedSessionOutput(SessionOutput):
    """A session as lists show it."""

    damaged = StrictBooleanField(
        required=False,
        help_text="Only there when true: what is stored of the session cannot be read whole. "
        "Defaults stand in its place; the session's own route answers 500.",
    )


# One object: it has the list in it.
@extend_schema_serializer(many=False)
class SessionPageOutput(serializers.Serializer[Data]):
    """A page of sessions, newest activity first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = ListedSessionOutput(many=True)


def session_draft(data: Data) -> SessionDraft:
    """Validated input as a draft."""
    return SessionDraft(
        title=data.get("title", ""),
        system_prompt=data.get("system_prompt") or "",
        metadata=data.get("metadata", {}),
        ttl_seconds=data.get("ttl_seconds"),
        policy=data.get("context_policy", {}),
        history=[message_draft(message) for message in data.get("messages", [])],
        external_id=data.get("external_id"),
        tags=data.get("tags", ()),
        pinned=data.get("pinned", False),
        temporary=data.get("temporary", False),
    )


def merge_patch(data: Data) -> tuple[Data, dict[str, str | None] | None]:
    """A validated merge patch as changes, and what is to be merged with the metadata."""
    empty: Data = {"title": "", "tags": [], "pinned": False, "metadata": {}}
    changes = {
        name: empty[name] if value is None and name in empty else value
        for name, value in data.items()
    }
    if data.get("metadata") is None:
        return changes, None
    return changes, changes.pop("metadata")


def session(stored: Session) -> dict[str, Any]:
    """A Session of the wire contract, without messages."""
    policy = stored.context_policy
    return {
        "session_id": stored.session_id,
        "user_id": shown_owner(stored.user_id),
        "title": stored.title,
        "status": stored.status.value,
        "created_at": timestamp(stored.created_at),
        "updated_at": timestamp(stored.updated_at),
        "expires_at": timestamp(stored.expires_at),
        "message_count": stored.message_count,
        "token_count": stored.token_count,
        "metadata": stored.metadata,
        "context_policy": {
            "strategy": policy.strategy.value,
            "max_tokens": policy.max_tokens,
            "max_messages": policy.max_messages,
            "on_topic_shift": policy.on_topic_shift.value,
        },
        "context_start": stored.context_start,
        "topic": topic(stored),
        # By the clock: the worker of a turn may be gone without having ended it.
        "turn_in_progress": stored.in_turn,
        "external_id": stored.external_id,
        "tags": list(stored.tags),
        "pinned": stored.pinned,
        "temporary": stored.temporary,
        **({"damaged": True} if stored.damage else {}),
    }


def topic(stored: Session) -> dict[str, Any] | None:
    """The newest topic that has been judged."""
    if stored.topic is None or not stored.topic.judged:
        return None
    return {
        "topic": stored.topic.current,
        "start_seq": stored.topic.start_seq,
        "judged_seq": stored.topic.judged,
    }


def session_with_messages(stored: Session, newest: Sequence[Message]) -> dict[str, Any]:
    """A Session with its newest messages, oldest first."""
    return session(stored) | {
        "messages": messages(newest),
        "has_more": len(newest) < stored.message_count,
    }


def etag(stored: Session) -> str:
    """A strong validator (RFC 9110, 8.8.3): the session's version."""
    # Whatever a client changes raises the version.
    return f'"{stored.version}"'
