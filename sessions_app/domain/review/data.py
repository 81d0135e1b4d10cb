"""The data of review: filters and pages of conversations, the read log, notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sessions_app.domain.data import Rating, Session, Status


class Act(StrEnum):
    """An action of staff in the read log."""

    # looking
    LIST = "list"
    SEARCH = "search"
    SEARCH_HIT = "search_hit"
    OPEN = "open"
    READ = "read"
    WINDOW = "window"
    UNMASK = "unmask"
    ATTACHMENT = "attachment"
    EXPORT = "export"
    LOG_READ = "log_read"
    LOG_EXPORT = "log_export"
    # doing
    FLAG = "flag"
    NOTE = "note"
    RESOLVE = "resolve"
    ARCHIVE = "archive"
    RESTORE = "restore"
    HOLD = "hold"
    RELEASE = "release"
    DELETE = "delete"


# The actions that show a user's words to staff; a user's data export lists them.
SHOWS_CONTENT = frozenset(
    {
        Act.OPEN, Act.READ, Act.WINDOW, Act.UNMASK, Act.ATTACHMENT, Act.EXPORT, Act.SEARCH_HIT,
    }
)  # fmt: skip
# The actions that change a conversation or add to it; each leaves a note.
CHANGES = frozenset(
    {
        Act.FLAG, Act.NOTE, Act.RESOLVE, Act.ARCHIVE, Act.RESTORE, Act.HOLD, Act.RELEASE,
        Act.DELETE,
    }
)  # fmt: skip


class Reason(StrEnum):
    """The reasons for reading another person's conversation."""

    SUPPORT = "support"
    REPORT = "report"
    SAFETY = "safety"
    LEGAL = "legal"
    QUALITY = "quality"
    FAULT = "fault"
    OTHER = "other"


# In the words of the page.
REASONS: Mapping[Reason, str] = {
    Reason.SUPPORT: "The user asked for help",
    Reason.REPORT: "Somebody reported it",
    Reason.SAFETY: "Safety or abuse",
    Reason.LEGAL: "A legal request",
    Reason.QUALITY: "Quality of the answers",
    Reason.FAULT: "Something does not work",
    Reason.OTHER: "Something else",
}


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff: the account's id, and its name at the time."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Why:
    """The stated reason for reading or acting, and its detail in the reader's words."""

    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the read log: an action of staff on a user's conversation.

    `id` grows with time. `about` says which part: the messages of a page, the format of an export.
    After an erasure `user_id` and `detail` are empty and `erased` is true.
    """

    id: str
    at: datetime
    staff: Staff
    act: Act
    session_id: str = ""
    user_id: str = ""
    why: Why = Why()
    about: Mapping[str, Any] = field(default_factory=dict)
    erased: bool = False


@dataclass(frozen=True, slots=True)
class LogPage:
    """A page of the read log, newest first, and whether there are newer and older lines."""

    lines: Sequence[LogLine]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, slots=True)
class LogFilter:
    """A filter of the read log; None and empty mean all lines."""

    session_id: str = ""
    user_id: str = ""
    staff_id: str = ""
    act: Act | None = None
    reason: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """A note of staff on a conversation; it is deleted with the conversation."""

    id: str
    at: datetime
    author: str
    act: Act
    text: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A conversation as staff see it; `flagged_at` is None unless it is flagged.

    `rated_up` and `rated_down` count the replies that its owner has rated so.
    """

    session: Session
    flagged_at: datetime | None
    rated_up: int = 0
    rated_down: int = 0

    @property
    def topics(self) -> int:
        """The number of topics detected so far."""
        return self.session.topic.current if self.session.topic else 0


class Order(StrEnum):
    """The orders of the list of conversations: those that an index serves."""

    NEWEST_ACTIVITY = "-activity"
    OLDEST_ACTIVITY = "activity"
    SOONEST_EXPIRY = "expiry"
    LATEST_EXPIRY = "-expiry"

    @property
    def descending(self) -> bool:
        """Whether the newest or latest comes first."""
        return self.value.startswith("-")

    @property
    def by_expiry(self) -> bool:
        """Whether it sorts by expiry, and so lists only conversations that have one."""
        return self in {Order.SOONEST_EXPIRY, Order.LATEST_EXPIRY}


@dataclass(frozen=True, slots=True)
class Span:
    """The numbers from `low` up to, and without, `high`; None is no bound."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class ConversationFilter:
    """A filter of the list of conversations; None and empty mean all.

    `active_from` and `active_before` bound the last activity, `expires_from` and
    `expires_before` the expiry. `rating` is one that a reply has.
    """

    status: Status | None = None
    flagged: bool | None = None
    legal_hold: bool | None = None
    user_ids: tuple[str, ...] = ()
    session_ids: tuple[str, ...] = ()
    messages: Span = Span()
    tokens: Span = Span()
    topics: Span = Span()
    active_from: datetime | None = None
    active_before: datetime | None = None
    expires_from: datetime | None = None
    expires_before: datetime | None = None
    never_expires: bool = False
    rating: Rating | None = None


@dataclass(frozen=True, slots=True)
class ConversationCursor:
    """A position in the list: the last conversation shown, by the sorted time and its id."""

    moment: datetime
    session_id: str


@dataclass(frozen=True, slots=True)
class ConversationPage:
    """A page of the list of conversations.

    `matches` counts the matches from here on, up to one more than `limits.REVIEW_COUNTED`.
    `next_cursor` is None at the end. A filter without an index reads a bounded part of the list per
    page: `looked_to` is the time it has come to where it stopped before the end.
    """

    rows: Sequence[Reviewed]
    matches: int
    next_cursor: ConversationCursor | None
    looked_to: datetime | None
