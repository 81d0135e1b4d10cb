"""What a sweep does with sessions past their timeout, and the preview of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sessions_app.domain.limits import BUCKET_MAX_MESSAGES, SWEEP_BATCH_DOCUMENTS


class ExpiryMode(StrEnum):
    """What a sweep does on timeout: archive the session, which can be restored, or delete it."""

    ARCHIVE = "archive"
    DELETE = "delete"


class Fate(StrEnum):
    """What a sweep does with a session that is due."""

    ARCHIVED = "archived"
    DELETED = "deleted"
    PURGED = "purged"


class Exemption(StrEnum):
    """Why a sweep leaves a session alone that is due."""

    HELD = "held"
    IN_TURN = "in_turn"


@dataclass(frozen=True, slots=True)
class Due:
    """A session that is due since `since`: its `expires_at`, or its `archived_at` plus retention.

    `message_count` says about how many documents are deleted with it.
    """

    session_id: str
    user_id: str
    since: datetime
    message_count: int
    exemption: Exemption | None = None

    @property
    def documents(self) -> int:
        """About how many documents are deleted with it: buckets, annotations, itself."""
        return 1 + 2 * (self.message_count // BUCKET_MAX_MESSAGES)


def cutoff_of(*, now: datetime, server_time: datetime) -> datetime:
    """The time that a sweep works with: the earlier of two clocks.

    A clock that runs ahead would end sessions too early, which cannot be undone.
    """
    return min(now, server_time)


def retention_cutoff(*, cutoff: datetime, retention_days: int) -> datetime | None:
    """Sessions archived up to this time are past their retention; None when archives are kept."""
    return cutoff - timedelta(days=retention_days) if retention_days else None


def batches(sessions: Iterable[Due], size: int) -> Iterator[list[Due]]:
    """Batches of at most `size` sessions and SWEEP_BATCH_DOCUMENTS documents, or one session."""
    batch: list[Due] = []
    documents = 0
    for due in sessions:
        # Checked before adding, so that a single long session still makes a batch of its own.
        if batch and (len(batch) == size or documents + due.documents > SWEEP_BATCH_DOCUMENTS):
            yield batch
            batch, documents = [], 0
        batch.append(due)
        documents += due.documents
    if batch:
        yield batch


_AGES = (
    ("under_1_hour", timedelta(hours=1)),
    ("under_1_day", timedelta(days=1)),
    ("under_7_days", timedelta(days=7)),
    ("under_30_days", timedelta(days=30)),
)
_OLDEST = "30_days_or_more"
AGES = (*(name for name, _ in _AGES), _OLDEST)


def age(since: datetime, *, now: datetime) -> str:
    """For how long a session has been due, as one of `AGES`."""
    overdue = now - since
    return next((name for name, limit in _AGES if overdue < limit), _OLDEST)


@dataclass(slots=True)
class Preview:
    """What a sweep would do: sessions counted by fate, by fate and age, and by user and fate."""

    totals: Counter[str] = field(default_factory=Counter)
    exempt: Counter[str] = field(default_factory=Counter)
    by_age: dict[str, Counter[str]] = field(default_factory=dict)
    by_user: dict[str, Counter[str]] = field(default_factory=dict)

    def add(self, due: Due, fate: Fate, *, now: datetime) -> None:
        """Count a session that is due."""
        # An exempt session is due and will not end, so it is in no total.
        if due.exemption is not None:
            self.exempt[due.exemption.value] += 1
            return
        self.totals[fate.value] += 1
        self.by_age.setdefault(fate.value, Counter())[age(due.since, now=now)] += 1
        self.by_user.setdefault(due.user_id, Counter())[fate.value] += 1

    def as_json(self) -> Mapping[str, Any]:
        """All of it; users with the most sessions first."""
        users = sorted(self.by_user.items(), key=lambda item: (-item[1].total(), item[0]))
        return {
            **{fate.value: self.totals[fate.value] for fate in Fate},
            **{exemption.value: self.exempt[exemption.value] for exemption in Exemption},
            "by_age": {
                fate.value: {name: self.by_age[fate.value][name] for name in AGES}
                for fate in Fate
                if fate.value in self.by_age
            },
            "by_user": {user_id: dict(counts) for user_id, counts in users},
        }
