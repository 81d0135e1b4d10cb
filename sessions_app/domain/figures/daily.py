"""What is known of a day over everybody's sessions. Nothing here is about a person."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from uuid import UUID


class Figure(StrEnum):
    """What is counted as it happens."""

    USER_MESSAGES = "user_messages"
    ASSISTANT_MESSAGES = "assistant_messages"
    OTHER_MESSAGES = "other_messages"
    TOKENS = "tokens"
    TURNS = "turns"
    FAILED_TURNS = "failed_turns"
    # Of the windows that models were sent: messages in them and left out, tokens and their budgets.
    WINDOW_KEPT = "window_kept"
    WINDOW_DROPPED = "window_dropped"
    WINDOW_TOKENS = "window_tokens"
    WINDOW_BUDGET = "window_budget"
    TOPIC_SHIFTS = "topic_shifts"


@dataclass(slots=True)
class Tally:
    """What a worker has counted of a day; `people` is a sketch (see `distinct`)."""

    counts: Counter[Figure] = field(default_factory=Counter)
    people: dict[int, int] = field(default_factory=dict)

    def see(self, index: int, rank: int) -> None:
        """Somebody was there."""
        if self.people.get(index, 0) < rank:
            self.people[index] = rank

    def merge(self, other: "Tally") -> None:
        """Add what was counted elsewhere."""
        self.counts.update(other.counts)
        for index, rank in other.people.items():
            self.see(index, rank)


@dataclass(frozen=True, slots=True)
class Day:
    """The figures of a day, UTC. What was not counted then is None.

    `sessions` are those created; `storage_bytes` is what data and indexes took at its end.
    """

    day: date
    counts: Mapping[Figure, int] = field(default_factory=dict)
    sessions: int | None = None
    users: int | None = None
    storage_bytes: int | None = None

    @property
    def messages(self) -> int | None:
        """All of them."""
        names = (Figure.USER_MESSAGES, Figure.ASSISTANT_MESSAGES, Figure.OTHER_MESSAGES)
        return sum(self.counts.get(name, 0) for name in names) if self.counts else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at `at`: sessions in all, and those that expire today and in the next days.

    `flagged` counts the queue by how long it has waited: less than a day, a week, longer.
    """

    at: datetime
    sessions: int
    data_bytes: int
    index_bytes: int
    expiring: Sequence[int]
    flagged: tuple[int, int, int]


def day_of(moment: datetime) -> date:
    """The day of a moment, UTC."""
    return moment.astimezone(UTC).date()


def start_of(day: date) -> datetime:
    """The first moment of a day, UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def days_between(first: date, last: date) -> list[date]:
    """Every day from `first` to `last`, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def first_id(moment: datetime) -> str:
    """A UUIDv7 (RFC 9562, 5.7) before any that was made at or after `moment`."""
    return str(UUID(int=(int(moment.timestamp() * 1000) << 80) | (7 << 76)))


def created_at(session_id: str) -> datetime | None:
    """When a UUIDv7 was made; None for another kind of id."""
    try:
        value = UUID(session_id)
    except ValueError:
        return None
    if value.version != 7:
        return None
    return datetime.fromtimestamp((value.int >> 80) / 1000, tz=UTC)
