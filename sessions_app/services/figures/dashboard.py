"""The figures of the staff's first page: by day, and the current state."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sessions_app.domain import figures as figures_rules
from sessions_app.domain.figures.daily import Day, Standing
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.repository import figures as figures_store

EXPIRING_DAYS = 7
# Sessions created longer ago than this are not counted by day.
LOOKED_BACK = timedelta(days=90)
_SHELF_LIFE = timedelta(seconds=10)
# Refreshing takes at most one part in so many of the time, however many sessions there are.
_SHARE = 100
# After this, another worker takes over from one that died while refreshing.
_CLAIM = timedelta(seconds=60)
# Where no worker keeps the figures, the page refreshes them when they are older than this.
_STALE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The last days in order, without a gap, and the current state."""

    days: Sequence[Day]
    standing: Standing

    @property
    def is_empty(self) -> bool:
        """Whether there are no sessions and no messages yet."""
        return not self.standing.sessions and not any(day.messages for day in self.days)


def dashboard_get(*, days: int, now: datetime) -> Dashboard:
    """The figures of the last `days` days; today's are incomplete."""
    standing, _, _ = figures_store.daily.standing()
    if standing is None or now - standing.at > _STALE:
        refresh(now=now)
        standing, _, _ = figures_store.daily.standing()
    today = figures_rules.daily.day_of(now)
    first = today - timedelta(days=days - 1)
    figures = {day.day: day for day in figures_store.daily.read(first, today)}
    return Dashboard(
        days=[figures.get(day, Day(day)) for day in figures_rules.daily.days_between(first, today)],
        # Staff change the queue themselves, so it is counted now rather than served from the last
        # refresh.
        standing=replace(
            standing or Standing(now, 0, 0, 0, [0] * EXPIRING_DAYS, (0, 0, 0)),
            flagged=figures_store.daily.count_flagged(now),
        ),
    )


def refresh(*, now: datetime) -> bool:
    """Refresh the current state if it is due and no other worker does; returns whether it did."""
    now = to_milliseconds(now)
    _, due_at, counted_to = figures_store.daily.standing()
    if due_at is not None and due_at > now:
        return False
    # Claimed by one guarded update: of many workers, one refreshes.
    if not figures_store.daily.claim(due_at=due_at, until=now + _CLAIM):
        return False
    started = time.monotonic()
    today = figures_rules.daily.day_of(now)
    sessions, data_bytes, index_bytes = figures_store.daily.sizes()
    # Days that are complete are not counted again.
    for day in figures_rules.daily.days_between(_first_uncounted(counted_to, today), today):
        figures_store.daily.set_found(
            day,
            sessions=figures_store.daily.count_created(day),
            storage_bytes=data_bytes + index_bytes if day == today else None,
        )
        figures_store.daily.count_users(day, over=day < today - timedelta(days=1))
    standing = Standing(
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
        standing,
        due_at=now + max(_SHELF_LIFE, took * _SHARE),
        # A worker whose clock is behind, or that could not reach MongoDB, may still add to
        # yesterday.
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
