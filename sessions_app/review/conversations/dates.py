"""Drilling down by date: years, their months, their days."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app.review.conversations.filters import ListQuery


@dataclass(frozen=True, slots=True)
class Step:
    label: str
    query: str


@dataclass(frozen=True, slots=True)
class DrillDown:
    """The chosen period, links to wider ones, and links to narrower ones."""

    back: Sequence[Step]
    here: str
    choices: Sequence[Step]


def drill_down(query: ListQuery, bounds: tuple[datetime, datetime] | None) -> DrillDown | None:
    """The links above the list; they cover the time between the oldest and the newest activity."""
    if bounds is None:
        return None
    oldest, newest = bounds
    start, _ = query.period()
    parameters = query.parameters
    all_dates = Step("All dates", query.link(year=None, month=None, day=None))
    if start is None:
        years = range(newest.year, max(oldest.year, newest.year - 20) - 1, -1)
        if oldest.year == newest.year:
            return DrillDown([], "", _months(query, newest.year, bounds))
        return DrillDown(
            [], "", [Step(str(year), query.link(year=f"{year:04d}")) for year in years]
        )
    year = Step(str(start.year), query.link(month=None, day=None))
    if "month" not in parameters:
        return DrillDown([all_dates], year.label, _months(query, start.year, bounds))
    month = Step(f"{start:%B} {start.year}", query.link(day=None))
    if "day" in parameters:
        return DrillDown([all_dates, year, month], f"{start.day} {start:%B} {start.year}", [])
    return DrillDown([all_dates, year], month.label, _days(query, start, bounds))


def _months(query: ListQuery, year: int, bounds: tuple[datetime, datetime]) -> list[Step]:
    def has_activity(month: int) -> bool:
        return (
            (bounds[0].year, bounds[0].month)
            <= (year, month)
            <= (
                bounds[1].year,
                bounds[1].month,
            )
        )

    return [
        Step(
            f"{calendar.month_name[month]} {year}",
            query.link(year=f"{year:04d}", month=f"{month:02d}", day=None),
        )
        for month in range(12, 0, -1)
        if has_activity(month)
    ]


def _days(query: ListQuery, start: datetime, bounds: tuple[datetime, datetime]) -> list[Step]:
    last = calendar.monthrange(start.year, start.month)[1]
    return [
        Step(f"{day} {start:%B}", query.link(day=f"{day:02d}"))
        for day in range(1, last + 1)
        if bounds[0].date() <= start.replace(day=day).date() <= bounds[1].date()
    ]
