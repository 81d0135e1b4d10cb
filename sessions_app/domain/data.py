"""The data that the layers pass to each other: frozen, without storage or HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple


class Role(StrEnum):
    """Who wrote a message."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


class Status(StrEnum):
    """Whether a session takes messages (`active`) or is read-only (`archived`)."""

    ACTIVE = "active"
    ARCHIVED = "archived"


class Strategy(StrEnum):
    """How a context window is filled; docs/context.md compares them."""

    RECENT = "recent"
    TOPIC = "topic"
    RELEVANT = "relevant"
    HYBRID = "hybrid"


class OnTopicShift(StrEnum):
    """What a topic shift does to the window: nothing, lower priority, or a fresh start."""

    KEEP = "keep"
    ADJUST = "adjust"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class ContextPolicy:
    """How a session's context window is planned: by which strategy and within which bounds."""

    strategy: Strategy
    max_tokens: int
    max_messages: int
    on_topic_shift: OnTopicShift


@dataclass(frozen=True, slots=True)
class Generation:
    """How a model wrote a message: in the turn `turn_id`, as the reply to seq `reply_to`.

    `finish_reason` is the model server's word (`stop`, `length`, `tool_calls` …) or `cancelled`.
    The counts are the server's own, None where it reported none; `usage` is all that it counted,
    with the details (cached, reasoning, audio tokens) and the total as they came.
    """

    turn_id: str
    reply_to: int
    model: str
    finish_reason: str
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    usage: Mapping[str, Any] | None = None


class Rating(StrEnum):
    """What a user thinks of a reply."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class Feedback:
    """A user's rating of a reply, and why."""

    rating: Rating
    comment: str
    given_at: datetime


class Message(NamedTuple):
    """A stored message. `seq` counts from 1 in its session, without a gap or a repeat.

    A tuple, because a page makes hundreds of them and a frozen dataclass takes three times as long.
    `topic` is the number of the topic it belongs to, None until it has been judged. A deleted
    message is a tombstone: its `seq` and times stay, its content is gone. `generation` is set on
    a reply that a turn stored; `superseded_by` is the seq of the message that took the place of
    this one, and `superseded_with` that of the first one of its branch, see `domain.branches`. A
    message that was written in place of another has that one's seq in `replaces`.

    `reasoning` is what a model thought before it answered, and `extra` what its server wants back
    within the tool loop: members of the message, and of its calls by their ids, see
    `dialect.Extra`. `items` is what the OpenAI wire's items of this message have beyond it, see
    `domain.items`. None of these is text: they are in no token count, title, topic, search or
    summary.
    """

    id: str
    seq: int
    role: Role
    content: str
    timestamp: datetime
    token_count: int
    topic: int | None = None
    topic_shift: bool = False
    client_id: str | None = None
    name: str | None = None
    tool_calls: Sequence[Mapping[str, Any]] | None = None
    tool_call_id: str | None = None
    # Never written to, so that all messages without metadata may share it.
    metadata: Mapping[str, str] = {}
    deleted: bool = False
    generation: Generation | None = None
    superseded_by: int | None = None
    reasoning: str | None = None
    extra: Mapping[str, Any] | None = None
    items: Mapping[str, Any] | None = None
    # Where it is more than text: see `domain.parts`.
    parts: Sequence[Mapping[str, Any]] | None = None
    superseded_with: int | None = None
    replaces: int | None = None
    feedback: Feedback | None = None

    @property
    def is_silent(self) -> bool:
        """Whether it is an item without text: no window, topic, search or summary has it."""
        return bool(self.items) and not (self.deleted or self.content or self.tool_calls)


@dataclass(frozen=True, slots=True)
class NewLease:
    """The right to be the one turn of a session, for a worker that would run it.

    `client_id` is the key that the turn was asked for with, `ticket` its place in the line where it
    has waited for the session.
    """

    turn_id: str
    owner: str
    client_id: str | None = None
    ticket: str | None = None


@dataclass(frozen=True, slots=True)
class TurnLease:
    """The turn that has taken a session, until `deadline` unless it is renewed.

    `is_live` says whether it was good when it was read, by the clock of MongoDB. One that is not
    remains its turn's until another turn takes the session.
    """

    turn_id: str
    owner: str
    deadline: datetime
    is_live: bool
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class TopicStanding:
    """A session's topics as far as they are judged: up to the message `judged`.

    `current` is the number of the newest topic, from 1, which began at `start_seq`. `recent` holds
    the newest beginnings as (first seq, topic, probability). A shift at or before `undone` resets
    no window.
    """

    judged: int = 0
    current: int = 0
    start_seq: int = 0
    recent: Sequence[tuple[int, int, float]] = ()
    undone: int = 0

    def topic_at(self, seq: int) -> int | None:
        """The topic of the message at `seq`; None when unjudged or older than `recent` reaches."""
        # The newest topic has no end yet: unjudged messages would seem to belong to it.
        if seq > self.judged:
            return None
        return next((topic for first, topic, _ in reversed(self.recent) if first <= seq), None)

    def began(self, *, least: float, until: int | None = None) -> int:
        """The `seq` at which the current topic began, by the shifts of at least this probability.

        `until` is the newest message that counts. 1 where no remembered shift is probable enough.
        """
        return next(
            (
                first
                for first, _, probability in reversed(self.recent)
                if probability >= least and (until is None or first <= until)
            ),
            1,
        )

    def reaches(self, seq: int) -> bool:
        """Whether `recent` covers every judged message from `seq` on."""
        return bool(self.recent) and self.recent[0][0] <= seq


@dataclass(frozen=True, slots=True)
class Session:
    """A session without its messages. Times are UTC; `ttl_seconds` None means the default.

    `external_id` is its client's own id, unique for its owner. `version` grows with every write and
    is the session's ETag. `tail_start` is the `seq` of the first message that is still in the
    session's own document. `tags` and `pinned` are its owner's. A `temporary` session is in no
    list, search or title, and is deleted at its timeout. `damage`, in lists only, says what of it
    cannot be read.
    """

    session_id: str
    user_id: str
    title: str
    status: Status
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    archived_at: datetime | None
    ttl_seconds: int | None
    metadata: Mapping[str, str]
    context_policy: ContextPolicy
    context_start: int
    message_count: int
    token_count: int
    tail_start: int
    version: int
    legal_hold: bool = False
    context_resets: Sequence[int] = ()
    topic: TopicStanding | None = None
    turn: TurnLease | None = None
    external_id: str | None = None
    tags: Sequence[str] = ()
    pinned: bool = False
    temporary: bool = False
    damage: str = ""

    @property
    def in_turn(self) -> bool:
        """Whether a turn was in progress when this was read, by MongoDB's clock."""
        return self.turn is not None and self.turn.is_live


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to store; fields as in Session. `now` becomes its `created_at`."""

    session_id: str
    user_id: str
    title: str
    metadata: Mapping[str, str]
    context_policy: ContextPolicy
    ttl_seconds: int | None
    expires_at: datetime | None
    now: datetime
    external_id: str | None = None
    tags: Sequence[str] = ()
    pinned: bool = False
    temporary: bool = False


@dataclass(frozen=True, slots=True)
class Appended:
    """The result of an append: the stored messages, and whether an earlier append stored them."""

    messages: Sequence[Message]
    replayed: bool


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of messages, oldest first. `latest_seq` is the newest in the session."""

    messages: Sequence[Message]
    has_more: bool
    latest_seq: int


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """Which of a user's sessions are meant; None is any.

    Without `temporary` those are left out, with it they alone are meant.
    """

    status: Status = Status.ACTIVE
    tag: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    pinned: bool | None = None
    temporary: bool = False

    @property
    def is_list(self) -> bool:
        """Whether they are listed as all are: what is left out is too little for an index."""
        return not (self.tag is not None or self.metadata or self.pinned or self.temporary)


@dataclass(frozen=True, slots=True)
class SessionPosition:
    """A position in a list of sessions: the time that the list is sorted by, and the session."""

    moment: datetime
    session_id: str


@dataclass(frozen=True, slots=True)
class SessionPage:
    """A page of sessions and whether there are others before and after it."""

    sessions: Sequence[Session]
    has_previous: bool
    has_next: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What remains of an erased user: when the erasure began and ended, and how much it deleted."""

    erased_at: datetime
    completed_at: datetime | None
    counts: Mapping[str, int]
