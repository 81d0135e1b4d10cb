"""What clients get, described for the API's documentation.

`wire` writes it; a test holds the two together.
"""

from typing import Any

from rest_framework import serializers

from sessions_app.domain.data import OnTopicShift, Role, Status, Strategy
from sessions_app.domain.dialect import SentAs
from sessions_app.http.fields import (
    MetadataField,
    StrictBooleanField,
    StrictCharField,
    StrictIntegerField,
    ToolCallsField,
)

Data = dict[str, Any]


def _choices(values: Any) -> list[str]:
    return [value.value for value in values]


class GenerationOutput(serializers.Serializer[Data]):
    """How a model came to write a message: in which turn, as the reply to which seq.

    `finish_reason` is the model server's word (`stop`, `length`, `tool_calls` …), or `cancelled`
    for what stood when somebody stopped it. The counts are its server's, null where it gave none;
    `usage` holds all of them as they came, with their details.
    """

    turn_id = StrictCharField()
    reply_to = StrictIntegerField(min_value=1)
    model = StrictCharField()
    finish_reason = StrictCharField()
    prompt_tokens = StrictIntegerField(min_value=0, allow_null=True)
    completion_tokens = StrictIntegerField(min_value=0, allow_null=True)
    usage = serializers.DictField(required=False)


class MessageOutput(serializers.Serializer[Data]):
    """A stored message.

    Replies with the same `generation.reply_to` are alternatives; those with `superseded_by`, the
    seq of the one generated instead, are not sent to a model any more. `reasoning` is what the
    model thought, `extra` what its server wants back within a tool loop: neither is text.
    """

    id = StrictCharField()
    seq = StrictIntegerField(min_value=1)
    role = serializers.ChoiceField(choices=_choices(Role))
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


class PolicyOutput(serializers.Serializer[Data]):
    """A session's context policy."""

    strategy = serializers.ChoiceField(choices=_choices(Strategy))
    max_tokens = StrictIntegerField(min_value=64, max_value=1_000_000)
    max_messages = StrictIntegerField(min_value=1, max_value=10_000)
    on_topic_shift = serializers.ChoiceField(choices=_choices(OnTopicShift))


class SessionOutput(serializers.Serializer[Data]):
    """A session without its messages."""

    session_id = serializers.UUIDField()
    user_id = StrictCharField()
    title = StrictCharField(allow_blank=True)
    status = serializers.ChoiceField(choices=_choices(Status))
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


class SessionWithMessages(SessionOutput):
    """A session with its newest messages, oldest first."""

    messages = MessageOutput(many=True)
    has_more = StrictBooleanField()


class BatchOutput(serializers.Serializer[Data]):
    """The messages of a batch as stored."""

    messages = MessageOutput(many=True)


class MessagePageOutput(serializers.Serializer[Data]):
    """A run of a session's messages, oldest first; `latest_seq` is the newest there is."""

    results = MessageOutput(many=True)
    has_more = StrictBooleanField()
    latest_seq = StrictIntegerField(min_value=0)


class PlannedMessageOutput(serializers.Serializer[Data]):
    """What a plan decided about one message, and why."""

    seq = StrictIntegerField(min_value=1)
    role = serializers.ChoiceField(choices=_choices(Role))
    token_count = StrictIntegerField(min_value=0)
    topic = StrictIntegerField(allow_null=True)
    kept = StrictBooleanField()
    reason = StrictCharField()
    sent_as = serializers.ChoiceField(
        choices=_choices(SentAs),
        required=False,
        help_text="In which other form than it is stored; left out where it is sent as it is.",
    )
    sent_as_reason = StrictCharField(required=False, help_text="Why, in words.")


class WindowMessageOutput(serializers.Serializer[Data]):
    """A message as a model is sent it."""

    role = serializers.ChoiceField(choices=_choices(Role))
    content = StrictCharField(allow_blank=True)
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
    those that were considered. `ranking` says what older messages were ranked with. With
    `summary`, the message after the system prompt is one, and stands for no message of the plan;
    with `recalled`, one message quotes several of it.
    """

    messages = WindowMessageOutput(many=True)
    token_count = StrictIntegerField(min_value=0)
    max_tokens = StrictIntegerField(min_value=64)
    strategy = serializers.ChoiceField(choices=_choices(Strategy))
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
    score = serializers.FloatField(min_value=0, max_value=1)


class SearchHitOutput(serializers.Serializer[Data]):
    """A message that was found; or a session's title, with `seq` and `role` null.

    `snippet` is plain text of at most 200 characters around the first hit.
    """

    session_id = serializers.UUIDField()
    title = StrictCharField(allow_blank=True)
    seq = StrictIntegerField(min_value=1, allow_null=True)
    role = serializers.ChoiceField(choices=_choices(Role), allow_null=True)
    snippet = StrictCharField()
    timestamp = serializers.DateTimeField()


class SearchOutput(serializers.Serializer[Data]):
    """What was found, best first. `complete` is false where a search ran out of time."""

    results = SearchHitOutput(many=True)
    complete = StrictBooleanField()


class TopicListOutput(serializers.Serializer[Data]):
    """A session's topics, in order."""

    results = TopicOutput(many=True)


class SessionPageOutput(serializers.Serializer[Data]):
    """A page of sessions, newest activity first."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)
    results = SessionOutput(many=True)
