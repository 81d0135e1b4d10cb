"""What clients send, validated."""

from typing import Any

from rest_framework import serializers

from sessions_app.domain import limits, text
from sessions_app.domain.data import OnTopicShift, Role, Status, Strategy
from sessions_app.domain.drafts import MessageDraft
from sessions_app.http.fields import (
    MetadataField,
    NumeralField,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
    ToolCallsField,
)
from sessions_app.services.sessions import SessionDraft

Data = dict[str, Any]


def _choices(values: Any) -> list[str]:
    return [value.value for value in values]


class MessageInput(serializers.Serializer[Data]):
    """A message to append."""

    role = StrictChoiceField(choices=_choices(Role), default=Role.USER.value)
    content = StrictCharField(allow_blank=True, allow_null=True, default="")
    client_id = StrictCharField(
        max_length=limits.CLIENT_ID_MAX_CHARS, allow_null=True, required=False
    )
    name = StrictCharField(max_length=limits.NAME_MAX_CHARS, allow_null=True, required=False)
    tool_calls = ToolCallsField(allow_null=True, required=False)
    tool_call_id = StrictCharField(
        max_length=limits.TOOL_CALL_ID_MAX_CHARS, allow_null=True, required=False
    )
    metadata = MetadataField(required=False, allow_null=True)


def message_draft(data: Data, *, client_id: str | None = None) -> MessageDraft:
    """Validated input as a draft; `client_id` is used where the message names none."""
    return MessageDraft(
        role=Role(data["role"]),
        content=data["content"] or "",
        client_id=data.get("client_id") or client_id,
        name=data.get("name") or None,
        tool_calls=data.get("tool_calls") or None,
        tool_call_id=data.get("tool_call_id") or None,
        metadata=data.get("metadata") or {},
    )


class BatchInput(serializers.Serializer[Data]):
    """Messages to append, all or none."""

    messages = serializers.ListField(
        child=MessageInput(), min_length=1, max_length=limits.BATCH_MAX_MESSAGES
    )


class PolicyInput(serializers.Serializer[Data]):
    """The fields of a context policy that differ from what stands."""

    strategy = StrictChoiceField(choices=_choices(Strategy), required=False)
    max_tokens = StrictIntegerField(min_value=64, max_value=1_000_000, required=False)
    max_messages = StrictIntegerField(min_value=1, max_value=10_000, required=False)
    on_topic_shift = StrictChoiceField(choices=_choices(OnTopicShift), required=False)

    def to_internal_value(self, data: Any) -> Data:
        """The choices as the domain's enumerations."""
        values: Data = super().to_internal_value(data)
        if "strategy" in values:
            values["strategy"] = Strategy(values["strategy"])
        if "on_topic_shift" in values:
            values["on_topic_shift"] = OnTopicShift(values["on_topic_shift"])
        return values


class SessionChanges(serializers.Serializer[Data]):
    """What a client may change of its session; `ttl_seconds` null means the default again."""

    title = StrictCharField(max_length=limits.TITLE_MAX_CHARS, allow_blank=True, required=False)
    metadata = MetadataField(required=False)
    ttl_seconds = StrictIntegerField(
        min_value=0, max_value=limits.TTL_MAX_SECONDS, allow_null=True, required=False
    )
    context_policy = PolicyInput(required=False)


class SessionInput(SessionChanges):
    """A session to create; everything is optional."""

    system_prompt = StrictCharField(allow_blank=True, allow_null=True, required=False)
    messages = serializers.ListField(
        child=MessageInput(), max_length=limits.SEED_MAX_MESSAGES, required=False
    )


def session_draft(data: Data) -> SessionDraft:
    """Validated input as a draft."""
    return SessionDraft(
        title=data.get("title", ""),
        system_prompt=data.get("system_prompt") or "",
        metadata=data.get("metadata", {}),
        ttl_seconds=data.get("ttl_seconds"),
        policy=data.get("context_policy", {}),
        history=[message_draft(message) for message in data.get("messages", [])],
    )


class RegenerateInput(serializers.Serializer[Data]):
    """How the model is to be asked; `model` and `max_tokens` are the service's own by default."""

    client_id = StrictCharField(
        max_length=limits.CLIENT_ID_MAX_CHARS, allow_null=True, required=False
    )
    model = StrictCharField(max_length=limits.MODEL_NAME_MAX_CHARS, allow_null=True, required=False)
    max_tokens = StrictIntegerField(
        min_value=1, max_value=1_000_000, allow_null=True, required=False
    )
    stream = StrictBooleanField(default=False)


class ChatInput(RegenerateInput):
    """What the user says."""

    content = StrictCharField()


class ForkInput(serializers.Serializer[Data]):
    """How much of the history a fork takes along."""

    up_to_seq = StrictIntegerField(min_value=1, allow_null=True, required=False)
    title = StrictCharField(
        max_length=limits.TITLE_MAX_CHARS, allow_blank=True, allow_null=True, required=False
    )


class NewestQuery(serializers.Serializer[Data]):
    """How many of a session's newest messages to show."""

    limit = NumeralField(min_value=1, max_value=limits.PAGE_MAX, default=limits.PAGE_DEFAULT)


class MessagesQuery(NewestQuery):
    """Which run of a session's messages to show: those after a `seq`, or those before one."""

    after = NumeralField(min_value=0, max_value=10**11, required=False)
    before = NumeralField(min_value=1, max_value=10**11, required=False)

    def validate(self, attrs: Data) -> Data:
        """One direction at a time."""
        if "after" in attrs and "before" in attrs:
            raise serializers.ValidationError({"before": "Give after or before, not both."})
        return attrs


class ListQuery(NewestQuery):
    """Which of the caller's sessions to show."""

    status = StrictChoiceField(choices=_choices(Status), default=Status.ACTIVE.value)
    expiring_within = NumeralField(
        min_value=1,
        max_value=limits.TTL_MAX_SECONDS,
        required=False,
        help_text="Only those that expire within so many seconds, soonest first.",
    )
    cursor = StrictCharField(max_length=500, required=False)

    def validate(self, attrs: Data) -> Data:
        """What is archived does not expire."""
        if "expiring_within" in attrs and attrs["status"] == Status.ARCHIVED.value:
            raise serializers.ValidationError(
                {"expiring_within": "An archived session does not expire."}
            )
        return attrs


class SearchQuery(serializers.Serializer[Data]):
    """What to look for among one's messages and titles."""

    q = StrictCharField(max_length=limits.SEARCH_MAX_CHARS)
    limit = NumeralField(
        min_value=1, max_value=limits.SEARCH_LIMIT_MAX, default=limits.SEARCH_LIMIT_DEFAULT
    )

    def validate_q(self, value: str) -> str:
        """White space alone, or what shows nothing, asks for nothing."""
        if not text.is_visible(value):
            self.fields["q"].fail("blank")
        return value


class ContextQuery(serializers.Serializer[Data]):
    """What a window is planned with instead of the session's policy and newest user message."""

    max_tokens = serializers.IntegerField(min_value=64, max_value=1_000_000, required=False)
    strategy = serializers.ChoiceField(choices=_choices(Strategy), required=False)
    query = StrictCharField(max_length=limits.QUERY_MAX_CHARS, required=False)


class ResetInput(serializers.Serializer[Data]):
    """Whether to take the last reset back instead."""

    undo = StrictBooleanField(default=False)


class ExportQuery(serializers.Serializer[Data]):
    """The form of an export."""

    format = StrictChoiceField(choices=["json", "jsonl", "markdown"], default="json")
