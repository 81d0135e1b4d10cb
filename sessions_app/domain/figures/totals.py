"""Totals over all sessions, for monitoring."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

SHELF_LIFE = timedelta(seconds=15)
# Counting takes at most one part in so many of the time, however many sessions there are.
_SHARE = 20


@dataclass(frozen=True, slots=True)
class Counted:
    """Totals by name, and when they were counted."""

    counted_at: datetime
    values: Mapping[str, int]


def shelf_life(took: timedelta) -> timedelta:
    """How long totals are served that took `took` to count."""
    return max(SHELF_LIFE, took * _SHARE)
