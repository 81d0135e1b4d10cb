"""The figures of a day over all sessions; none is about a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Figure(StrEnum):
    """The figures that are counted as things happen."""

    USER_MESSAGES = "user_messages"
    ASSISTANT_MESSAGES = "assistant_messages"
    OTHER_MESSAGES = "other_messages"
    TOKENS = "tokens"
    TURNS = "turns"
    FAILED_TURNS = "failed_turns"
    # Over the windows of all model calls: messages kept and dropped, tokens, and budgets.
    WINDOW_KEPT = "window_kept"
    WINDOW_DROPPED = "window_dropped"
    WINDOW_TOKENS = "window_tokens"
    WINDOW_BUDGET = "window_budget"
    TOPIC_SHIFTS = "topic_shifts"


@dataclass(slots=True)
class DayTally:
    """The counts of one worker for one day; `people` is a sketch of its users (see `distinct`)."""

    counts: Counter[Figure] = field(default_factory=Counter)
    people: dict[int, int] = field(default_factory=dict)

    def see(self, index: int, rank: int) -> None:
        """Add a user to the sketch."""
        # HyperLogLog keeps the highest rank of a register.
        if self.people.get(index, 0) < rank:
            self.people[index] = rank

    def merge(self, other: "DayTally") -> None:
        """Add another tally of the same day."""
        self.counts.update(other.counts)
        for index, rank in other.people.items():
            self.see(index, rank)


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of a day in UTC; None for a figure that was not counted.

    `sessions` counts those created; `storage_bytes` is the size of data and indexes at its end.
    """

    day: date
    counts: Mapping[Figure, int] = field(default_factory=dict)
    sessions: int | None = None
    users: int | None = None
    storage_bytes: int | None = None

    @property
    def messages(self) -> int | None:
        """The messages of all roles; None where nothing was counted."""
        names = (Figure.USER_MESSAGES, Figure.ASSISTANT_MESSAGES, Figure.OTHER_MESSAGES)
        return sum(self.counts.get(name, 0) for name in names) if self.counts else None


@dataclass(frozen=True, slots=True)
class Standing:
    """The state at `at`: all sessions, and those that expire today and on each of the next days.

    `flagged` counts flagged sessions by how long they have waited: a day, a week, longer.
    """

    at: datetime
    sessions: int
    data_bytes: int
    index_bytes: int
    expiring: Sequence[int]
    flagged: tuple[int, int, int]


def day_of(moment: datetime) -> date:
    """The day of a moment in UTC."""
    return moment.astimezone(UTC).date()


def start_of(day: date) -> datetime:
    """The first moment of a day in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def first_id(moment: datetime) -> str:
    """The lowest UUIDv7 (RFC 9562, 5.7) of `moment`: ids made then or later are not below it."""
    return str(UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76)))


def created_at(session_id: str) -> datetime | None:
    """The time in a UUIDv7; None for another kind of id."""
    try:
        value = UUID(session_id)
    except ValueError:
        return None
    if value.version != 7:
        return None
    return datetime.fromtimestamp((value.int >> 80) / 1000, tz=UTC)
