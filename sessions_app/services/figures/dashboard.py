"""What the staff's first page shows: figures by day, and how things stand."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sessions_app.domain import figures as figures_rules
from sessions_app.domain.figures.daily import Day, Standing
from sessions_app.domain.lifecycle import to_milliseconds
from sessions_app.repository import figures as figures_store

EXPIRING_DAYS = 7
# Sessions created longer ago than this are not counted by day.
LOOKED_BACK = timedelta(days=90)
_SHELF_LIFE = timedelta(seconds=10)
# Finding out takes at most this share of a worker's time, however many sessions there are.
_SHARE = 100
# A worker that dies while it finds out leaves it to another after so long.
_CLAIM = timedelta(seconds=60)
# Where no worker keeps the figures, the page has them made.
_STALE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The last days in order, each of them there, and how things stand."""

    days: Sequence[Day]
    standing: Standing

    @property
    def is_empty(self) -> bool:
        """Whether nothing has happened yet."""
        return not self.standing.sessions and not any(day.messages for day in self.days)


def dashboard_get(*, days: int, now: datetime) -> Dashboard:
    """The figures of the last `days` days, today's so far."""
    standing, _, _ = figures_store.daily.standing()
    if standing is None or now - standing.at > _STALE:
        refresh(now=now)
        standing, _, _ = figures_store.daily.standing()
    today = figures_rules.daily.day_of(now)
    first = today - timedelta(days=days - 1)
    found = {day.day: day for day in figures_store.daily.read(first, today)}
    return Dashboard(
        days=[found.get(day, Day(day)) for day in figures_rules.daily.days_between(first, today)],
        # The queue is what staff change themselves: they see it as it is now.
        standing=replace(
            standing or Standing(now, 0, 0, 0, [0] * EXPIRING_DAYS, (0, 0, 0)),
            flagged=figures_store.daily.count_flagged(now),
        ),
    )


def refresh(*, now: datetime) -> bool:
    """Find out how things stand, if that is due and no other worker is at it; whether it was."""
    now = to_milliseconds(now)
    _, due_at, counted_to = figures_store.daily.standing()
    if due_at is not None and due_at > now:
        return False
    if not figures_store.daily.claim(due_at=due_at, until=now + _CLAIM):
        return False
    started = time.monotonic()
    today = figures_rules.daily.day_of(now)
    sessions, data_bytes, index_bytes = figures_store.daily.sizes()
    for day in figures_rules.daily.days_between(_first_uncounted(counted_to, today), today):
        figures_store.daily.set_found(
            day,
            sessions=figures_store.daily.count_created(day),
            storage_bytes=data_bytes + index_bytes if day == today else None,
        )
        figures_store.daily.count_users(day, over=day < today - timedelta(days=1))
    found = Standing(
        at=now,
        sessions=sessions,
        data_bytes=data_bytes,
        index_bytes=index_bytes,
        expiring=[
            figures_store.daily.count_expiring(today + timedelta(days=n), now=now)
            for n in range(EXPIRING_DAYS)
        ],
        flagged=figures_store.daily.count_flagged(now),
    )
    took = timedelta(seconds=time.monotonic() - started)
    figures_store.daily.keep(
        found,
        due_at=now + max(_SHELF_LIFE, took * _SHARE),
        # Yesterday may still be added to by a worker whose clock is behind, or that waits.
        counted_to=today - timedelta(days=2),
    )
    return True


def _first_uncounted(counted_to: date | None, today: date) -> date:
    if counted_to is not None:
        return min(counted_to + timedelta(days=1), today)
    oldest = figures_store.daily.oldest_id()
    created = figures_rules.daily.created_at(oldest) if oldest else None
    earliest = today - LOOKED_BACK
    return (
        max(figures_rules.daily.day_of(created), earliest)
        if created
        else earliest
        if oldest
        else today
    )
