"""The times that programs write; what is none of them is None."""

import math
from datetime import UTC, datetime
from typing import Any

from sessions_app.domain.sessions.lifecycle import to_milliseconds


def seconds_time(value: Any) -> datetime | None:
    """The time of a Unix timestamp in seconds; None for any other value."""
    # A bool is an int in Python, but not a time.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return to_milliseconds(datetime.fromtimestamp(value, UTC))
    # Damaged exports have times that no datetime can hold.
    except (ValueError, OverflowError, OSError):
        return None


def epoch_time(value: Any) -> datetime | None:
    """The time of a Unix timestamp whose unit is told by its size: s, ms, µs or ns."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    # In seconds, 10¹¹ is the year 5138.
    for unit in (1, 1_000, 1_000_000, 1_000_000_000):
        if abs(value) / unit < 1e11:
            return seconds_time(value / unit)
    return None


def text_time(value: Any) -> datetime | None:
    """The time of ISO 8601 text, in UTC where it names no offset; None for any other value."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return to_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None
