"""What one user may store, and what a user has stored."""

from enum import StrEnum
from typing import NamedTuple, Protocol


class Stock(StrEnum):
    """What is counted of a user and may have a quota."""

    SESSIONS = "sessions"
    MESSAGES = "messages"
    # BSON bytes of messages: what a tail and the buckets are made of.
    BYTES = "bytes"


class Usage(NamedTuple):
    """So much of each stock; a quota of 0 is none."""

    sessions: int = 0
    messages: int = 0
    bytes: int = 0

    def __add__(self, other: "Usage") -> "Usage":  # type: ignore[override]  # not a longer tuple
        return Usage(*(mine + more for mine, more in zip(self, other, strict=True)))

    def __neg__(self) -> "Usage":
        return Usage(*(-mine for mine in self))

    def missing(self, need: "Usage") -> "Usage":
        """What is needed beyond this."""
        return Usage(*(max(0, more - mine) for mine, more in zip(self, need, strict=True)))


class Gate(Protocol):
    """Counts for one user what is about to be stored."""

    def take(self, need: Usage) -> None:
        """Count it; raises QuotaReached."""

    def give_back(self, unused: Usage) -> None:
        """It was not stored after all."""


# What a process may take of a quota before it needs it: a thousandth of the quota, but no more than
# this. Sessions are counted one by one, as creating one is no append.
_SHARES = Usage(messages=64, bytes=262_144)
_SHARE_OF_QUOTA = 1_000


def share(quotas: Usage) -> Usage:
    """What one process takes beyond its need, so that it asks the common counter seldom.

    Nothing of a small quota: that is counted one by one.
    """
    return Usage(
        *(
            min(most, quota // _SHARE_OF_QUOTA) if quota else most
            for most, quota in zip(_SHARES, quotas, strict=True)
        )
    )


def first_exceeded(used: Usage, need: Usage, quotas: Usage) -> Stock | None:
    """The first stock whose quota has no room for what is needed; None if there is room."""
    for stock, mine, needed, quota in zip(Stock, used, need, quotas, strict=True):
        if quota and needed > 0 and mine + needed > quota:
            return stock
    return None
