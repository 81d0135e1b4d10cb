"""The time by which sessions live and end: that of MongoDB's clock, as this process has read it.

Workers on several hosts share one store, and their hosts' clocks may be wrong. `repository.clocks`
reads MongoDB's clock every other second where a process serves, and once where a command begins;
between two readings a clock that nobody sets counts on. Until the first reading, and in tests,
the time is this host's.
"""

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

import uuid_utils
from django.utils import timezone

# A worker that is further off is not ready.
TOLERANCE_SECONDS = 30.0
# Ids are made by the host's clock, which is quicker, while it is this close.
_CLOSE_SECONDS = 1.0
# Goes on while a machine sleeps, where the system has such a clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


@dataclass(frozen=True, slots=True)
class _Reading:
    """MongoDB's time at a moment of the steady clock, both in seconds."""

    server: float
    steady: float


class _Known:
    reading: _Reading | None = None


def steady() -> float:
    """Seconds of the clock that nobody sets."""
    return time.clock_gettime(_STEADY)


def read(server: datetime, *, at: float) -> None:
    """MongoDB's clock showed `server` at the moment `at` of the steady clock."""
    _Known.reading = _Reading(server.timestamp(), at)


def forget() -> None:
    """Go by this host's clock again, as a new process does."""
    _Known.reading = None


def is_known() -> bool:
    """Whether MongoDB's clock has been read."""
    return _Known.reading is not None


def now() -> datetime:
    """The time, in UTC."""
    return timezone.now() + timedelta(seconds=_behind())


def off_by() -> float:
    """How many seconds this host's clock is ahead of MongoDB's, negative when it is behind."""
    return -_behind()


def is_right() -> bool:
    """Whether this host's clock is within 30 seconds of MongoDB's."""
    return abs(_behind()) <= TOLERANCE_SECONDS


def uuid7() -> uuid.UUID:
    """A new id with the time in it (RFC 9562, 5.7)."""
    if abs(_behind()) < _CLOSE_SECONDS:
        return uuid.UUID(int=uuid_utils.uuid7().int)
    return uuid.UUID(int=uuid_utils.uuid7(nanoseconds=round(now().timestamp() * 1e9)).int)


def _behind() -> float:
    reading = _Known.reading
    if reading is None:
        return 0.0
    return reading.server + steady() - reading.steady - time.time()
