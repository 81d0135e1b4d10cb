"""A window's policy and its plan: a decision and a reason for each candidate."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from sessions_app.domain.candidate import Ranking
from sessions_app.domain.data import OnTopicShift, Strategy
from sessions_app.domain.errors import SessionError

# The smallest `max_tokens` a policy may ask for.
MIN_BUDGET = 64


class Layout(StrEnum):
    """The order of a window: as in the conversation, or with recalled messages behind the rest."""

    CONVERSATION = "conversation"
    STABLE_PREFIX = "stable_prefix"


class Reason(StrEnum):
    """Why a message is in the window, or is not."""

    # kept
    SYSTEM_PROMPT = "system_prompt"
    NEWEST_USER = "newest_user_message"
    RECENT = "recent"
    CURRENT_TOPIC = "current_topic"
    RELEVANT = "relevant"
    TO_BE_ANSWERED = "to_be_answered"
    # dropped
    DELETED = "deleted"
    SUPERSEDED = "superseded"
    BEFORE_RESET = "before_reset"
    PREVIOUS_TOPIC = "previous_topic"
    ORPHANED_RESULT = "tool_result_without_its_call"
    UNANSWERED_CALL = "tool_call_without_all_results"
    NOTHING_TO_SEND = "nothing_to_send"
    OVER_BUDGET = "over_budget"
    OVER_MAX_MESSAGES = "over_max_messages"
    STABLE_CUT = "before_stable_cut"
    LESS_RELEVANT = "less_relevant"


@dataclass(frozen=True, slots=True)
class WindowPolicy:
    """A session's rules for its window.

    `max_tokens` bounds the whole window, overhead included. `max_messages` bounds the kept
    messages that are not system prompts. `context_start` is the first `seq` the model may see;
    system prompts at the start of the session stay visible. `topic_start` is the first `seq` of the
    current topic; None leaves that to the messages' topics. With STABLE_PREFIX, the run of the
    newest messages begins where it began in the last turns; see `window.layout`. `answering` is for
    a window that `dialect` writes: calls may lack results, and calls with results at the end are
    always in it, as they are what is to be answered.
    """

    max_tokens: int = 4_000
    strategy: Strategy = Strategy.HYBRID
    max_messages: int | None = None
    on_topic_shift: OnTopicShift = OnTopicShift.ADJUST
    context_start: int = 1
    topic_start: int | None = None
    layout: Layout = Layout.CONVERSATION
    answering: bool = False


class PlannedMessage(NamedTuple):
    """The decision about one candidate."""

    seq: int
    role: str
    token_count: int
    topic: int | None
    kept: bool
    reason: Reason


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Every candidate in conversation order, kept or dropped, with the reason.

    `token_count` is what the kept messages cost together, overhead included; it never exceeds
    `max_tokens`.
    """

    messages: tuple[PlannedMessage, ...]
    token_count: int
    max_tokens: int
    strategy: Strategy
    ranking: Ranking

    @property
    def kept_seqs(self) -> tuple[int, ...]:
        """The `seq` of the messages the model is sent, in order."""
        return tuple(message.seq for message in self.messages if message.kept)

    @property
    def kept_count(self) -> int:
        """How many candidates are in the window."""
        return sum(message.kept for message in self.messages)

    @property
    def dropped_count(self) -> int:
        """How many candidates are not in the window."""
        return len(self.messages) - self.kept_count


class WindowBudgetError(SessionError):
    """The system prompt and what is to be answered alone exceed the budget.

    `needed` and `available` are tokens, overhead included.
    """

    code = "context_length_exceeded"
    default_detail = "The system prompt and the newest user message do not fit the token budget."

    def __init__(self, *, needed: int, available: int) -> None:
        super().__init__(
            f"The system prompt and the newest user message need {needed} tokens; "
            f"max_tokens allows {available}.",
            attr="max_tokens",
        )
        self.needed = needed
        self.available = available
