"""Drilling down by date: years, their months, their days."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app.review.conversations.filters import Asked


@dataclass(frozen=True, slots=True)
class Step:
    """One link of the drill-down."""

    label: str
    query: str


@dataclass(frozen=True, slots=True)
class DrillDown:
    """Where one is, the way back, and the choices from here."""

    back: Sequence[Step]
    here: str
    choices: Sequence[Step]


def drill_down(asked: Asked, bounds: tuple[datetime, datetime] | None) -> DrillDown | None:
    """The links above the list, within the activity that there is."""
    if bounds is None:
        return None
    oldest, newest = bounds
    start, _ = asked.period()
    given = asked.given
    every = Step("All dates", asked.link(year=None, month=None, day=None))
    if start is None:
        years = range(newest.year, max(oldest.year, newest.year - 20) - 1, -1)
        if oldest.year == newest.year:
            return DrillDown([], "", _months(asked, newest.year, bounds))
        return DrillDown(
            [], "", [Step(str(year), asked.link(year=f"{year:04d}")) for year in years]
        )
    year = Step(str(start.year), asked.link(month=None, day=None))
    if "month" not in given:
        return DrillDown([every], year.label, _months(asked, start.year, bounds))
    month = Step(f"{start:%B} {start.year}", asked.link(day=None))
    if "day" in given:
        return DrillDown([every, year, month], f"{start.day} {start:%B} {start.year}", [])
    return DrillDown([every, year], month.label, _days(asked, start, bounds))


def _months(asked: Asked, year: int, bounds: tuple[datetime, datetime]) -> list[Step]:
    def meets(month: int) -> bool:
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
            asked.link(year=f"{year:04d}", month=f"{month:02d}", day=None),
        )
        for month in range(12, 0, -1)
        if meets(month)
    ]


def _days(asked: Asked, start: datetime, bounds: tuple[datetime, datetime]) -> list[Step]:
    last = calendar.monthrange(start.year, start.month)[1]
    return [
        Step(f"{day} {start:%B}", asked.link(day=f"{day:02d}"))
        for day in range(1, last + 1)
        if bounds[0].date() <= start.replace(day=day).date() <= bounds[1].date()
    ]
