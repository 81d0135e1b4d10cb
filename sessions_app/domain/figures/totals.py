"""What is counted over all sessions for whoever watches the service."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

SHELF_LIFE = timedelta(seconds=15)
# Counting takes a share of the time that is never more than one in so many.
_SHARE = 20


@dataclass(frozen=True, slots=True)
class Counted:
    """Figures by name, and when they were counted."""

    counted_at: datetime
    values: Mapping[str, int]


def shelf_life(took: timedelta) -> timedelta:
    """How long figures are good that took so long to count."""
    return max(SHELF_LIFE, took * _SHARE)
