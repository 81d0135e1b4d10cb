"""Counts messages, turns and topic shifts in this process's memory until `figures` collects them.

Nothing is written here: an append only adds an entry to a list. Who was there is hashed, and
counts are summed by day, when the figures' own thread takes them, every few seconds. What was not
taken is lost when a worker is killed, so figures may be a few seconds' worth too low. Only workers
that serve count (`counts`); a command that makes derived data again does not.
"""

import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from typing import NamedTuple

from django.conf import settings

from sessions_app.domain.data import Message, Role
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.figures.daily import DayTally, Figure, day_of
from sessions_app.domain.figures.distinct import register
from sessions_app.domain.turns import Seen

_ROLES = {Role.USER: Figure.USER_MESSAGES, Role.ASSISTANT: Figure.ASSISTANT_MESSAGES}


class _StoredMessages(NamedTuple):
    user_id: str
    moment: datetime
    messages: Sequence[tuple[Role, int]]


class Tallies:
    """What this process has counted since it was last taken."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._days: dict[date, DayTally] = {}
        self._stored: list[_StoredMessages] = []
        self.counts = False

    def messages_stored(
        self, user_id: str, messages: Sequence[Message | NewMessage], now: datetime
    ) -> None:
        """Count messages of a user that were stored, with what a model answered them."""
        if not self.counts or not messages:
            return
        # Only what is counted is kept: a list of messages would hold their contents in memory.
        counted = [(message.role, message.token_count) for message in messages]
        with self._lock:
            self._stored.append(_StoredMessages(user_id, now, counted))

    def turn_ended(self, window: Seen | None, *, failed: bool, now: datetime) -> None:
        """Count a turn that ended, with the window that the model was sent."""
        counted = {Figure.TURNS: 1, Figure.FAILED_TURNS: int(failed)}
        if window is not None:
            counted |= {
                Figure.WINDOW_KEPT: window.kept,
                Figure.WINDOW_DROPPED: window.dropped,
                Figure.WINDOW_TOKENS: window.token_count,
                Figure.WINDOW_BUDGET: window.max_tokens,
            }
        self._count(day_of(now), counted)

    def topics_shifted(self, moments: Iterable[datetime]) -> None:
        """Count topic shifts at messages of these times."""
        for moment in moments:
            self._count(day_of(moment), {Figure.TOPIC_SHIFTS: 1})

    def _count(self, day: date, counted: dict[Figure, int]) -> None:
        if self.counts:
            with self._lock:
                self._days.setdefault(day, DayTally()).counts.update(counted)

    def take(self) -> dict[date, DayTally]:
        """What was counted since the last call, by day."""
        with self._lock:
            # Swapped rather than copied, so that an append waits for two assignments at most.
            days, self._days = self._days, {}
            stored, self._stored = self._stored, []
        for append in stored:
            tally = days.setdefault(day_of(append.moment), DayTally())
            tally.see(*register(_digest(append.user_id)))
            for role, token_count in append.messages:
                tally.counts[_ROLES.get(role, Figure.OTHER_MESSAGES)] += 1
                tally.counts[Figure.TOKENS] += token_count
        return days

    def give_back(self, days: Mapping[date, DayTally]) -> None:
        """Add what `take` gave and could not be stored."""
        with self._lock:
            for day, tally in days.items():
                self._days.setdefault(day, DayTally()).merge(tally)


def _digest(user_id: str) -> bytes:
    """Keyed, so that nobody can find out whether a known user was there."""
    return hashlib.blake2b(user_id.encode(), digest_size=8, key=_key()).digest()


@cache
def _key() -> bytes:
    return hashlib.sha256(b"sessions_app.tallies" + settings.SECRET_KEY.encode()).digest()


tallies = Tallies()
