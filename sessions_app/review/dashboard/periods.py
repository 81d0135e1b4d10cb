"""Parses the year, month or day of an address."""

import calendar
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta


def period(parts: Sequence[str]) -> tuple[datetime | None, datetime | None]:
    """The bounds of a year, a month or a day in UTC; (None, None) for an impossible date."""
    try:
        numbers = [int(part) for part in parts]
        year, month, day = [*numbers, 1, 1][:3] if numbers else (1, 1, 1)
        start = datetime(year, month, day, tzinfo=UTC)
        if len(numbers) == 1:
            return start, start.replace(year=start.year + 1)
        if len(numbers) == 2:
            days = calendar.monthrange(start.year, start.month)[1]
            return start, start + timedelta(days=days)
        return (start, start + timedelta(days=1)) if numbers else (None, None)
    except (ValueError, TypeError, OverflowError):
        return None, None
