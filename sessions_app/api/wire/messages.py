"""A message on the wire: as a client sends it and as it gets it back."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.core.validators import ProhibitNullCharactersValidator
from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers
from rest_framework.fields import empty

from sessions_app.api.wire.attachments import PartsField
from sessions_app.domain import limits, parts
from sessions_app.domain.data import Feedback, Generation, Message, MessagePage, Rating, Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.texts import text
from sessions_app.http.input import (
    MetadataField,
    NumeralField,
    RefusesUnknown,
    StrictBooleanField,
    StrictCharField,
    StrictChoiceField,
    StrictIntegerField,
    ToolCallsField,
    values_of,
)

Data = dict[str, Any]


class ContentField(StrictCharField):
    """A message's text. Whether it may hold control characters depends on who says it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.validators = [
            validator
            for validator in self.validators
            if not isinstance(validator, ProhibitNullCharactersValidator)
        ]

    def to_internal_value(self, data: Any) -> str:
        """The text itself; as `StrictCharField`, but with control characters."""
        if not isinstance(data, str):
            self.fail("invalid")
        if not text.is_storable(data):
            self.fail("control_characters")
        return data


_ROLES = frozenset(values_of(Role))
_PLAIN = frozenset({"role", "content", "client_id"})


def _plain(data: Any) -> Data | None:
    """What `MessageInput` makes of a message of a role, a text and a key; None for any other.

    Whatever may be wrong with one is for the fields to say.
    """
    if type(data) is not dict or not data.keys() <= _PLAIN:
        return None
    role, content = data.get("role", Role.USER.value), data.get("content", "")
    if not (isinstance(role, str) and role in _ROLES):
        return None
    if not (isinstance(content, str) and text.is_text(content)):
        return None
    if "client_id" not in data:
        return {"role": role, "content": content}
    client_id = data["client_id"]
    if not (isinstance(client_id, str) and 0 < len(client_id) <= limits.CLIENT_ID_MAX_CHARS):
        return None
    if not text.is_text(client_id):
        return None
    return {"role": role, "content": content, "client_id": client_id}


class MessageInput(RefusesUnknown):
    """A message to append."""

    role = StrictChoiceField(choices=values_of(Role), default=Role.USER.value)
    content = ContentField(allow_blank=True, allow_null=True, default="")
    client_id = StrictCharField(
        max_length=limits.CLIENT_ID_MAX_CHARS, allow_null=True, required=False
    )
    name = StrictCharField(max_length=limits.NAME_MAX_CHARS, allow_null=True, required=False)
    tool_calls = ToolCallsField(allow_null=True, required=False)
    tool_call_id = StrictCharField(
        max_length=limits.TOOL_CALL_ID_MAX_CHARS, allow_null=True, required=False
    )
    metadata = MetadataField(required=False, allow_null=True)
    parts = PartsField(required=False, allow_null=True)

    def run_validation(self, data: Any = empty) -> Any:
        """The validated members; for most messages, which are plain, without asking each field."""
        plain = _plain(data)
        return super().run_validation(data) if plain is None else plain

    def validate(self, attrs: Data) -> Data:
        """A terminal's output has its control characters; whoever shows it makes them harmless."""
        require_text_of_parts(attrs)
        if attrs["role"] != Role.TOOL.value and not text.is_text(attrs["content"] or ""):
            message = StrictCharField.default_error_messages["control_characters"]
            raise serializers.ValidationError({"content": [message]}, "control_characters")
        return attrs


class BatchInput(RefusesUnknown):
    """Messages to append, all or none."""

    messages = serializers.ListField(
        child=MessageInput(), min_length=1, max_length=limits.BATCH_MAX_MESSAGES
    )


class NewestQuery(RefusesUnknown):
    """How many of a session's newest messages to show."""

    limit = NumeralField(min_value=1, max_value=limits.PAGE_MAX, default=limits.PAGE_DEFAULT)


class MessagesQuery(NewestQuery):
    """Which of a session's messages to show: those after a `seq`, or those before one."""

    after = NumeralField(min_value=0, max_value=10**11, required=False)
    before = NumeralField(min_value=1, max_value=10**11, required=False)

    def validate(self, attrs: Data) -> Data:
        """One direction at a time."""
        # Together they would name a range, of which `limit` could cut either end.
        if "after" in attrs and "before" in attrs:
            raise serializers.ValidationError({"before": "Give after or before, not both."})
        return attrs


class GenerationOutput(serializers.Serializer[Data]):
    """How a model wrote a message: in which turn, as the reply to which seq.

    `finish_reason` is the model server's word (`stop`, `length`, `tool_calls` …), or `cancelled`
    for a reply that was stopped. The counts are the server's, null where it reported none; `usage`
    holds all of them as they came, with their details.
    """

    turn_id = StrictCharField()
    reply_to = StrictIntegerField(min_value=0)
    model = StrictCharField()
    finish_reason = StrictCharField()
    prompt_tokens = StrictIntegerField(min_value=0, allow_null=True)
    completion_tokens = StrictIntegerField(min_value=0, allow_null=True)
    usage = serializers.DictField(required=False)


class FeedbackInput(RefusesUnknown):
    """What you think of a reply."""

    rating = StrictChoiceField(choices=values_of(Rating))
    comment = StrictCharField(
        max_length=limits.FEEDBACK_MAX_CHARS, allow_blank=True, allow_null=True, required=False
    )


class FeedbackOutput(serializers.Serializer[Data]):
    """What the owner thinks of a reply, and since when."""

    rating = serializers.ChoiceField(choices=values_of(Rating))
    comment = StrictCharField(allow_blank=True)
    given_at = serializers.DateTimeField()


class MessageOutput(serializers.Serializer[Data]):
    """A stored message; the seq of one that was not stored is 0.

    Replies with the same `generation.reply_to` are alternatives, as are messages and what was
    written in their place: `replaces` is the seq of that message. Those with `superseded_by`, the
    seq of what took their place, are not sent to a model any more. `reasoning` is what the
    model thought, `extra` what its server wants back within a tool loop, `items` what the OpenAI
    wire's items of this message have beyond it: none of these is text.
    `parts` are there where the message is more than text, which `content` is.
    """

    id = StrictCharField()
    seq = StrictIntegerField(min_value=0)
    role = serializers.ChoiceField(choices=values_of(Role))
    content = StrictCharField(allow_blank=True)
    timestamp = serializers.DateTimeField()
    token_count = StrictIntegerField(min_value=0)
    topic = StrictIntegerField(allow_null=True)
    topic_shift = StrictBooleanField()
    client_id = StrictCharField(allow_null=True)
    name = StrictCharField(allow_null=True)
    tool_calls = ToolCallsField(allow_null=True)
    tool_call_id = StrictCharField(allow_null=True)
    metadata = MetadataField()
    deleted = StrictBooleanField()
    generation = GenerationOutput(allow_null=True)
    superseded_by = StrictIntegerField(min_value=1, allow_null=True)
    reasoning = StrictCharField(required=False)
    extra = serializers.DictField(required=False)
    items = serializers.DictField(required=False)
    parts = serializers.ListField(child=serializers.DictField(), required=False)
    replaces = StrictIntegerField(min_value=1, required=False)
    feedback = FeedbackOutput(required=False)


class BatchOutput(serializers.Serializer[Data]):
    """The messages of a batch as stored."""

    messages = MessageOutput(many=True)


# One object: it has the list in it.
@extend_schema_serializer(many=False)
class BranchOutput(serializers.Serializer[Data]):
    """The messages that have become current, and those that have ceased to be; oldest first."""

    results = MessageOutput(many=True)


# One object: it has the list in it.
@extend_schema_serializer(many=False)
class MessagePageOutput(serializers.Serializer[Data]):
    """A page of a session's messages, oldest first; `latest_seq` is the newest in the session."""

    results = MessageOutput(many=True)
    has_more = StrictBooleanField()
    latest_seq = StrictIntegerField(min_value=0)


def message_draft(data: Data, *, client_id: str | None = None) -> MessageDraft:
    """Validated input as a draft; `client_id` is used where the message names none."""
    message_parts = _parts(data)
    return MessageDraft(
        role=Role(data["role"]),
        content=parts.text_of(message_parts) if message_parts else data["content"] or "",
        parts=message_parts,
        client_id=data.get("client_id") or client_id,
        name=data.get("name") or None,
        tool_calls=data.get("tool_calls") or None,
        tool_call_id=data.get("tool_call_id") or None,
        metadata=data.get("metadata") or {},
    )


def require_text_of_parts(attrs: Data) -> None:
    """Raise ValidationError where a content and the texts of the parts beside it differ."""
    texts = [part["text"] for part in attrs.get("parts") or () if part["type"] == parts.TEXT]
    if attrs["content"] and texts and attrs["content"] != "\n".join(texts):
        problem = "Not the text of the parts; leave one of them out."
        raise serializers.ValidationError({"content": [problem]}, "invalid")


def _parts(data: Data) -> list[Data] | None:
    """The message's parts with its content among them; None where it is text alone."""
    given: list[Data] = data.get("parts") or []
    texts = any(part["type"] == parts.TEXT for part in given)
    if data["content"] and not texts:
        given = [{"type": parts.TEXT, "text": data["content"]}, *given]
    return given if any(part["type"] != parts.TEXT for part in given) or texts else None


def timestamp(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with milliseconds; `moment` is in UTC."""
    # The contract writes Z for UTC, `isoformat` +00:00.
    return None if moment is None else moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def message(stored: Message) -> dict[str, Any]:
    """A Message of the wire contract."""
    written: Data = {
        "id": stored.id,
        "seq": stored.seq,
        "role": str(stored.role),
        "content": stored.content,
        # As `timestamp`, without its call: a page has hundreds of messages.
        "timestamp": stored.timestamp.isoformat(timespec="milliseconds")[:-6] + "Z",
        "token_count": stored.token_count,
        "topic": stored.topic,
        "topic_shift": stored.topic_shift,
        "client_id": stored.client_id,
        "name": stored.name,
        "tool_calls": stored.tool_calls,
        "tool_call_id": stored.tool_call_id,
        "metadata": stored.metadata,
        "deleted": stored.deleted,
        "generation": _generation(stored.generation) if stored.generation else None,
        "superseded_by": stored.superseded_by,
    }
    if any(stored[_FIRST_RARE:]):
        written |= _rare(stored)
    return written


# Few messages have one of the fields from here on, which are written only where they are there.
_FIRST_RARE = Message._fields.index("reasoning")


def _rare(stored: Message) -> dict[str, Any]:
    values = {
        "reasoning": stored.reasoning,
        "extra": stored.extra,
        "items": stored.items,
        "parts": stored.parts,
        "replaces": stored.replaces,
        "feedback": _feedback(stored.feedback) if stored.feedback else None,
    }
    return {name: value for name, value in values.items() if value}


def _feedback(given: Feedback) -> dict[str, Any]:
    return {
        "rating": given.rating.value,
        "comment": given.comment,
        "given_at": timestamp(given.given_at),
    }


def _generation(made: Generation) -> dict[str, Any]:
    """How it was generated; `usage` where the model's server counted anything."""
    written = asdict(made)
    if made.usage is None:
        del written["usage"]
    return written


def messages(stored: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages of the wire contract."""
    return [message(each) for each in stored]


def message_page(page: MessagePage) -> dict[str, Any]:
    """A page of a session's messages."""
    return {
        "results": messages(page.messages),
        "has_more": page.has_more,
        "latest_seq": page.latest_seq,
    }
