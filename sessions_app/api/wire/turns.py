"""A turn on the wire: how it is asked for and how it ends."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from sessions_app.api.wire import messages
from sessions_app.api.wire.attachments import PartsField
from sessions_app.api.wire.messages import MessageInput, MessageOutput, message_draft
from sessions_app.domain import limits
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.turns import Seen
from sessions_app.http.fields import JSONValueField, StrictNumberField
from sessions_app.http.input import (
    RefusesUnknown,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
)
from sessions_app.services.turns import ModelCall, TurnResult

Data = dict[str, Any]
# Who may say something that a model is to answer.
_ANSWERED = (Role.USER.value, Role.TOOL.value)


_FUNCTION = {
    "type": "object",
    "required": ["type"],
    "properties": {
        "type": {"type": "string"},
        "function": {"type": "object", "additionalProperties": True},
    },
    "additionalProperties": True,
}
_OBJECT = {"type": "object", "additionalProperties": True}


@extend_schema_field({"type": "array", "maxItems": limits.TOOLS_MAX, "items": _FUNCTION})
class ToolsField(JSONValueField):
    """The functions that the model may call, as OpenAI writes them."""

    default_error_messages = {
        "tools": "Expected objects, each with a type.",
        "length": f"At most {limits.TOOLS_MAX} tools are allowed.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(list, **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        """The list itself."""
        tools = super().to_internal_value(data)
        if len(tools) > limits.TOOLS_MAX:
            self.fail("length")
        if not all(isinstance(each, dict) and isinstance(each.get("type"), str) for each in tools):
            self.fail("tools")
        return tools


@extend_schema_field({"oneOf": [{"type": "string"}, _OBJECT]})
class ToolChoiceField(JSONValueField):
    """`none`, `auto`, `required`, or the one function that is to be called."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(str, dict, **kwargs)


@extend_schema_field(_OBJECT)
class JSONObjectField(JSONValueField):
    """An object that is passed on as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(dict, **kwargs)


@extend_schema_field(
    {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
)
class StopField(JSONValueField):
    """A text at which the model stops, or several."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(str, list, **kwargs)


def _optional(field: type[serializers.Field[Any, Any, Any, Any]], **kwargs: Any) -> Any:
    return field(required=False, allow_null=True, **kwargs)


class RegenerateInput(RefusesUnknown):
    """How the model is called; `model` and `max_tokens` default to the service's own.

    The parameters are passed on to the model's server. `tools` are functions that the model may
    call: its reply then has `tool_calls`, whose results are messages of the role `tool`.
    """

    client_id = StrictCharField(
        max_length=limits.CLIENT_ID_MAX_CHARS, allow_null=True, required=False
    )
    model = StrictCharField(max_length=limits.MODEL_NAME_MAX_CHARS, allow_null=True, required=False)
    max_tokens = StrictIntegerField(
        min_value=1, max_value=1_000_000, allow_null=True, required=False
    )
    stream = StrictBooleanField(default=False)
    wait = _optional(
        StrictIntegerField,
        min_value=0,
        max_value=settings.TURN_WAIT_MAX_SECONDS,
        help_text="For how many seconds to wait for the turn in progress, instead of a 409; "
        "the header X-Turn-Wait says the same.",
    )
    tools = _optional(ToolsField)
    tool_choice = _optional(ToolChoiceField)
    parallel_tool_calls = _optional(StrictBooleanField)
    response_format = _optional(JSONObjectField)
    temperature = _optional(StrictNumberField)
    top_p = _optional(StrictNumberField)
    presence_penalty = _optional(StrictNumberField)
    frequency_penalty = _optional(StrictNumberField)
    seed = _optional(StrictIntegerField)
    stop = _optional(StopField)
    logit_bias = _optional(JSONObjectField)
    reasoning_effort = _optional(StrictCharField, max_length=limits.MODEL_NAME_MAX_CHARS)


_OPTIONS = (
    "tools", "tool_choice", "parallel_tool_calls", "response_format", "temperature", "top_p",
    "presence_penalty", "frequency_penalty", "seed", "stop", "logit_bias", "reasoning_effort",
)  # fmt: skip


class ChatInput(RegenerateInput):
    """What is new, and how the model is called.

    `content` and `parts` are the user's message; `messages` are results of tools, perhaps with the
    user's messages, which come before it. With none of them, the results of tools that were stored
    last are answered.
    """

    content = StrictCharField(required=False, allow_null=True, allow_blank=True)
    parts = PartsField(required=False, allow_null=True)
    messages = serializers.ListField(
        child=MessageInput(), min_length=1, max_length=limits.BATCH_MAX_MESSAGES, required=False
    )
    replaces = StrictIntegerField(
        min_value=1,
        max_value=limits.SEQ_LAST,
        allow_null=True,
        required=False,
        help_text="The seq of the user's message in whose place this one is written: that one and "
        "all that followed it become an earlier branch, which a model is not sent any more.",
    )

    def validate(self, attrs: Data) -> Data:
        """Only users and tools say something new; what they say in another's place is one text."""
        for position, each in enumerate(attrs.get("messages", ())):
            if each["role"] not in _ANSWERED:
                path = f"messages.{position}.role"
                raise serializers.ValidationError({path: ["Expected one of: tool, user."]})
        has_question = bool(attrs.get("content") or attrs.get("parts"))
        if attrs.get("content") == "" and not has_question:
            detail = str(self.fields["content"].error_messages["blank"])
            raise serializers.ValidationError({"content": [ErrorDetail(detail, "blank")]})
        if attrs.get("replaces") is not None and not has_question:
            raise serializers.ValidationError({"replaces": ["Only with content."]})
        attrs = attrs | {"content": attrs.get("content") or ""}
        messages.require_text_of_parts(attrs)
        return attrs


class TurnContextOutput(serializers.Serializer[Data]):
    """What the model was sent: how many tokens, how many messages, and how many were left out."""

    token_count = StrictIntegerField(min_value=0)
    kept = StrictIntegerField(min_value=0)
    dropped = StrictIntegerField(min_value=0)


class TurnOutput(serializers.Serializer[Data]):
    """A turn at its end; `assistant_message` is null where it was cancelled before the first word,
    `context` where it was before the model was asked. `user_message` is what was answered, null
    where nothing is stored: then the reply's seq is 0."""

    user_message = MessageOutput(allow_null=True)
    assistant_message = MessageOutput(allow_null=True)
    context = TurnContextOutput(allow_null=True)  # type: ignore[assignment]  # a field's name


class CancelledOutput(serializers.Serializer[Data]):
    """How the turn ended: `cancelled`, or `done` where the model was faster."""

    state = serializers.ChoiceField(choices=["cancelled", "done"])
    assistant_message = MessageOutput(allow_null=True)


def model_call(data: Data) -> ModelCall:
    """How the model is called, of validated input."""
    return ModelCall(
        model=data.get("model"),
        max_tokens=data.get("max_tokens"),
        options={name: data[name] for name in _OPTIONS if data.get(name) is not None},
    )


def drafts(data: Data, key: str | None) -> list[MessageDraft]:
    """The new messages of validated input, the last of them under `key`; perhaps none."""
    new = [message_draft(each) for each in data.get("messages", ())]
    if data["content"] or data.get("parts"):
        question = message_draft(data | {"role": Role.USER.value, "client_id": None})
        new.append(replace(question, replaces=data.get("replaces")))
    if new and key:
        new[-1] = replace(new[-1], client_id=new[-1].client_id or key)
    return new


def result(turn: TurnResult) -> dict[str, Any]:
    """The result of a turn that has ended."""
    return {
        "user_message": messages.message(turn.user_message) if turn.user_message else None,
        "assistant_message": messages.message(turn.message) if turn.message else None,
        "context": (
            {
                "token_count": turn.seen.token_count,
                "kept": turn.seen.kept,
                "dropped": turn.seen.dropped,
            }
            if turn.seen
            else None
        ),
    }


def cancelled(turn: TurnResult) -> dict[str, Any]:
    """How a turn ended that was cancelled."""
    return {
        "state": turn.state.value,
        "assistant_message": messages.message(turn.message) if turn.message else None,
    }


def seen(window: Seen) -> dict[str, Any]:
    """A summary of the window that the model is sent."""
    return {
        "token_count": window.token_count,
        "max_tokens": window.max_tokens,
        "strategy": window.strategy,
        "kept": window.kept,
        "dropped": window.dropped,
        "seqs": [list(run) for run in window.seqs],
        "summary": list(window.summary) if window.summary else None,
    }
