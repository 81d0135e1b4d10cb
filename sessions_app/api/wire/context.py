"""A context window and a session's topics on the wire."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from sessions_app.domain import limits
from sessions_app.domain.data import Role, Strategy
from sessions_app.domain.dialect import Change, SentAs
from sessions_app.domain.window import Recalled, ShownSummary
from sessions_app.http.input import (
    RefusesUnknown,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    ToolCallsField,
    values_of,
)
from sessions_app.services.context import ContextWindow
from sessions_app.services.topics import TopicList

Data = dict[str, Any]


class ContextQuery(RefusesUnknown):
    """What replaces the session's policy and its newest user message for one window."""

    max_tokens = serializers.IntegerField(min_value=64, max_value=1_000_000, required=False)
    strategy = serializers.ChoiceField(choices=values_of(Strategy), required=False)
    query = StrictCharField(max_length=limits.QUERY_MAX_CHARS, required=False)


class ResetInput(RefusesUnknown):
    """Whether to undo the last reset instead."""

    undo = StrictBooleanField(default=False)


class PlannedMessageOutput(serializers.Serializer[Data]):
    """What a plan decided about one message, and why."""

    seq = StrictIntegerField(min_value=1)
    role = serializers.ChoiceField(choices=values_of(Role))
    token_count = StrictIntegerField(min_value=0)
    topic = StrictIntegerField(allow_null=True)
    kept = StrictBooleanField()
    reason = StrictCharField()
    sent_as = serializers.ChoiceField(
        choices=values_of(SentAs),
        required=False,
        help_text="In which other form than it is stored; left out where it is sent as it is.",
    )
    sent_as_reason = StrictCharField(required=False, help_text="Why, in words.")


@extend_schema_field(
    {
        "oneOf": [
            {"type": "string"},
            {"type": "array", "items": {"type": "object", "additionalProperties": True}},
        ]
    }
)
class SentContentField(StrictCharField):
    """A message's text, or its parts where a picture or a file is sent with it."""


class WindowMessageOutput(serializers.Serializer[Data]):
    """A message as a model is sent it."""

    role = serializers.ChoiceField(choices=values_of(Role))
    content = SentContentField(allow_blank=True)
    name = StrictCharField(required=False)
    tool_calls = ToolCallsField(required=False)
    tool_call_id = StrictCharField(required=False)


class SummaryOutput(serializers.Serializer[Data]):
    """A summary in the window, of the messages from `first_seq` to `last_seq`.

    `token_count` is part of the window's, without the 4 around each message.
    """

    first_seq = StrictIntegerField(min_value=1)
    last_seq = StrictIntegerField(min_value=1)
    token_count = StrictIntegerField(min_value=0)


class RecalledOutput(serializers.Serializer[Data]):
    """The message before the newest user message, which quotes the messages at `seqs`."""

    seqs = serializers.ListField(child=StrictIntegerField(min_value=1))
    token_count = StrictIntegerField(min_value=0)


class ContextOutput(serializers.Serializer[Data]):
    """A context window: what a model call would be sent, and the plan behind it.

    `dropped_count` counts every message of the session that is not in the window; `plan` lists
    those that were considered. `ranking` says how older messages were ranked. With
    `summary`, the message after the system prompt is a summary, which is not in the plan; with
    `recalled`, one message quotes several of the plan.
    """

    messages = WindowMessageOutput(many=True)
    complete = StrictBooleanField(
        help_text=(
            "Whether every message had been judged. If not, the window was planned with what was "
            "judged in the time there was; ask again for the rest."
        )
    )
    token_count = StrictIntegerField(min_value=0)
    max_tokens = StrictIntegerField(min_value=64)
    strategy = serializers.ChoiceField(choices=values_of(Strategy))
    ranking = StrictCharField()
    plan = PlannedMessageOutput(many=True)
    dropped_count = StrictIntegerField(min_value=0)
    summary = SummaryOutput(required=False)
    recalled = RecalledOutput(required=False)


class TopicOutput(serializers.Serializer[Data]):
    """The consecutive messages of one topic."""

    topic = StrictIntegerField(min_value=1)
    start_seq = StrictIntegerField(min_value=1)
    end_seq = StrictIntegerField(min_value=1)
    message_count = StrictIntegerField(min_value=1)
    label = StrictCharField()  # type: ignore[assignment]  # a field's name, not the serializer's
    score = serializers.FloatField(
        min_value=0,
        max_value=1,
        help_text="The probability that this topic began here; 0 for the first topic.",
    )
    divider = StrictBooleanField(
        help_text="Whether the probability is enough for a divider (TOPIC_DIVIDER_THRESHOLD)."
    )


class TopicListOutput(serializers.Serializer[Data]):
    """A session's topics, in order, up to the message `judged`."""

    results = TopicOutput(many=True)
    judged = StrictIntegerField(min_value=0)
    complete = StrictBooleanField(
        help_text=(
            "Whether every message has been judged. If not, these are the topics of those that "
            "were judged in the time there was; ask again for the rest."
        )
    )


def context(window: ContextWindow) -> dict[str, Any]:
    """A context window with its plan."""
    plan, summary, recalled = window.plan, window.summary, window.recalled
    changes = window.request.changes
    return {
        "messages": window.sent,
        "complete": window.complete,
        "token_count": plan.token_count,
        "max_tokens": plan.max_tokens,
        "strategy": plan.strategy.value,
        "ranking": plan.ranking.value,
        "plan": [
            {
                "seq": each.seq,
                "role": each.role,
                "token_count": each.token_count,
                "topic": each.topic,
                "kept": each.kept,
                "reason": each.reason.value,
                **_sent_as([change for change in changes if change.seq == each.seq]),
            }
            for each in plan.messages
        ],
        "dropped_count": window.session.message_count - plan.kept_count,
        **({"summary": _summary(summary)} if summary else {}),
        **({"recalled": _recalled(recalled)} if recalled else {}),
    }


def _sent_as(changes: Sequence[Change]) -> dict[str, str]:
    """The gravest change of a message by its name, and why there are any."""
    if not changes:
        return {}
    reasons = "; ".join(change.reason for change in changes)
    return {"sent_as": changes[0].sent_as.value, "sent_as_reason": reasons}


def _summary(shown: ShownSummary) -> dict[str, int]:
    return {
        "first_seq": shown.first_seq,
        "last_seq": shown.last_seq,
        "token_count": shown.token_count,
    }


def _recalled(quoted: Recalled) -> dict[str, Any]:
    return {"seqs": list(quoted.seqs), "token_count": quoted.token_count}


def topics(listed: TopicList) -> dict[str, Any]:
    """A session's topics."""
    results = [asdict(segment) for segment in listed.segments]
    return {"results": results, "judged": listed.judged, "complete": listed.complete}
