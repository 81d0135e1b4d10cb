"""A turn on the wire: how it is asked for and how it ends."""

from dataclasses import replace
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from sessions_app.api.wire import messages
from sessions_app.api.wire.attachments import PartsField
from sessions_app.api.wire.messages import MessageOutput
from sessions_app.domain import limits
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.turns import Seen
from sessions_app.http.input import (
    RefusesUnknown,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
)
from sessions_app.services.turns import TurnResult

Data = dict[str, Any]


class RegenerateInput(RefusesUnknown):
    """How the model is called; `model` and `max_tokens` default to the service's own."""

    client_id = StrictCharField(
        max_length=limits.CLIENT_ID_MAX_CHARS, allow_null=True, required=False
    )
    model = StrictCharField(max_length=limits.MODEL_NAME_MAX_CHARS, allow_null=True, required=False)
    max_tokens = StrictIntegerField(
        min_value=1, max_value=1_000_000, allow_null=True, required=False
    )
    stream = StrictBooleanField(default=False)


class ChatInput(RegenerateInput):
    """The user's message, a text or parts or both, and how the model is called."""

    content = StrictCharField(required=False, allow_blank=True)
    parts = PartsField(required=False, allow_null=True)
    replaces = StrictIntegerField(
        min_value=1,
        max_value=limits.SEQ_LAST,
        allow_null=True,
        required=False,
        help_text="The seq of the user's message in whose place this one is written: that one and "
        "all that followed it become an earlier branch, which a model is not sent any more.",
    )

    def validate(self, attrs: Data) -> Data:
        """A message says something."""
        said = {"content": ""} | attrs
        messages.require_text_of_parts(said)
        if not said["content"] and not attrs.get("parts"):
            code = "blank" if "content" in attrs else "required"
            detail = str(self.fields["content"].error_messages[code])
            raise serializers.ValidationError({"content": [ErrorDetail(detail, code)]})
        return said


class TurnContextOutput(serializers.Serializer[Data]):
    """What the model was sent: how many tokens, how many messages, and how many were left out."""

    token_count = StrictIntegerField(min_value=0)
    kept = StrictIntegerField(min_value=0)
    dropped = StrictIntegerField(min_value=0)


class TurnOutput(serializers.Serializer[Data]):
    """A turn at its end; `assistant_message` is null where it was cancelled before the first word,
    `context` where it was before the model was asked."""

    user_message = MessageOutput()
    assistant_message = MessageOutput(allow_null=True)
    context = TurnContextOutput(allow_null=True)  # type: ignore[assignment]  # a field's name


class CancelledOutput(serializers.Serializer[Data]):
    """How the turn ended: `cancelled`, or `done` where the model was faster."""

    state = serializers.ChoiceField(choices=["cancelled", "done"])
    assistant_message = MessageOutput(allow_null=True)


def question(data: Data, *, client_id: str | None) -> MessageDraft:
    """The user's message of a turn as a draft; `client_id` is used where the body has none."""
    draft = messages.message_draft(data | {"role": Role.USER.value}, client_id=client_id)
    return replace(draft, replaces=data.get("replaces"))


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
