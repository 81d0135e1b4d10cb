"""What staff see and do when they review conversations: plain data, free of storage and HTTP."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sessions_app.domain.data import Session, Status


class Act(StrEnum):
    """What a line of the read log says that a member of staff did."""

    # looking
    LIST = "list"
    SEARCH = "search"
    SEARCH_HIT = "search_hit"
    OPEN = "open"
    READ = "read"
    WINDOW = "window"
    UNMASK = "unmask"
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


# What shows something that was said in a conversation, and so is told to whoever said it.
SHOWS_CONTENT = frozenset({Act.OPEN, Act.READ, Act.WINDOW, Act.UNMASK, Act.EXPORT, Act.SEARCH_HIT})
CHANGES = frozenset(
    {
        Act.FLAG, Act.NOTE, Act.RESOLVE, Act.ARCHIVE, Act.RESTORE, Act.HOLD, Act.RELEASE,
        Act.DELETE,
    }
)  # fmt: skip


class Reason(StrEnum):
    """Why somebody reads another person's conversation."""

    SUPPORT = "support"
    REPORT = "report"
    SAFETY = "safety"
    LEGAL = "legal"
    QUALITY = "quality"
    FAULT = "fault"
    OTHER = "other"


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
    """Who is reviewing: the account's id, and its name at that time."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Why:
    """The reason for reading or acting, in a word and in the reader's own."""

    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the read log: who did what to whose conversation, when and why.

    `id` grows with time. `about` says which part: the messages of a page, the form of an export.
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
    """Lines of the read log, newest first, and whether there are others before and after."""

    lines: Sequence[LogLine]
    has_newer: bool
    has_older: bool


@dataclass(frozen=True, slots=True)
class Sought:
    """Which lines of the read log; None and empty mean all."""

    session_id: str = ""
    user_id: str = ""
    staff_id: str = ""
    act: Act | None = None
    reason: str = ""
    since: datetime | None = None
    before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote to one another about a conversation; goes when the conversation goes."""

    id: str
    at: datetime
    author: str
    act: Act
    text: str


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A conversation as staff see it; `flagged_at` is None unless somebody has to look at it."""

    session: Session
    flagged_at: datetime | None

    @property
    def topics(self) -> int:
        """How many topics have been noticed in it."""
        return self.session.topic.current if self.session.topic else 0


class Order(StrEnum):
    """What a list of conversations is sorted by: what an index serves, and nothing else."""

    NEWEST_ACTIVITY = "-activity"
    OLDEST_ACTIVITY = "activity"
    SOONEST_EXPIRY = "expiry"
    LATEST_EXPIRY = "-expiry"

    @property
    def descending(self) -> bool:
        """Whether the greatest comes first."""
        return self.value.startswith("-")

    @property
    def by_expiry(self) -> bool:
        """Whether only conversations that have an expiry are in it."""
        return self in {Order.SOONEST_EXPIRY, Order.LATEST_EXPIRY}


@dataclass(frozen=True, slots=True)
class Span:
    """`low` up to, and without, `high`; None is no bound."""

    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which conversations a list is to show; None and empty mean all.

    `active_from` and `active_before` bound the last activity, `expires_from` and
    `expires_before` the expiry.
    """

    status: Status | None = None
    flagged: bool | None = None
    held: bool | None = None
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


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a list: the value that it is sorted by, and the id of the last one shown."""

    moment: datetime
    session_id: str


@dataclass(frozen=True, slots=True)
class Found:
    """A page of a list, and how far it was looked.

    `matches` counts what was found from here on, at most `limits.REVIEW_COUNTED` and one more.
    `next_place` is where the next page begins, None at the end. `looked_to` is set where looking
    stopped before the end: every conversation up to there was looked at.
    """

    rows: Sequence[Reviewed]
    matches: int
    next_place: Place | None
    looked_to: datetime | None
