"""Counts what happens in this process's memory; `figures.keeping` stores the counts.

Counting costs an append some microseconds. A worker that is killed loses its last few seconds;
while MongoDB is away, counts wait. Only workers that serve count (`counts`): a command that
rebuilds derived data must not.
"""

import hashlib
import logging
import threading
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache

from django.conf import settings

from sessions_app.domain import figures as figures_rules
from sessions_app.domain.data import Message, NewMessage, Role
from sessions_app.domain.errors import SessionError
from sessions_app.domain.figures.daily import DayTally, Figure, day_of
from sessions_app.domain.turns import Seen
from sessions_app.repository import figures as figures_store

logger = logging.getLogger(__name__)

_ROLES = {Role.USER: Figure.USER_MESSAGES, Role.ASSISTANT: Figure.ASSISTANT_MESSAGES}


class Tallies:
    """The counts of this process that are not stored yet, by day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._days: dict[date, DayTally] = {}
        self.counts = False

    def messages_stored(
        self, user_id: str, messages: Sequence[Message | NewMessage], now: datetime
    ) -> None:
        """Count stored messages of a user's session, of all roles."""
        if not self.counts or not messages:
            return
        index, rank = figures_rules.distinct.register(_digest(user_id))
        with self._lock:
            tally = self._days.setdefault(day_of(now), DayTally())
            tally.see(index, rank)
            for message in messages:
                tally.counts[_ROLES.get(message.role, Figure.OTHER_MESSAGES)] += 1
                tally.counts[Figure.TOKENS] += message.token_count

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
        """Count topic shifts, by the times of their messages."""
        for moment in moments:
            self._count(day_of(moment), {Figure.TOPIC_SHIFTS: 1})

    def _count(self, day: date, counted: dict[Figure, int]) -> None:
        if self.counts:
            with self._lock:
                self._days.setdefault(day, DayTally()).counts.update(counted)

    def hand_over(self) -> None:
        """Add the counts to the figures of all workers; kept for the next time if that fails."""
        with self._lock:
            # Swapped under the lock, and stored without it: an append must not wait for MongoDB.
            days, self._days = self._days, {}
        while days:
            day, tally = days.popitem()
            try:
                figures_store.daily.add(day, tally)
            except SessionError as error:
                days[day] = tally
                logger.warning("figures cannot be handed over at the moment: %s", error.detail)
                break
        if days:
            with self._lock:
                for day, tally in days.items():
                    self._days.setdefault(day, DayTally()).merge(tally)


def _digest(user_id: str) -> bytes:
    # Keyed, so that nobody can test whether a certain user is in a stored sketch.
    return hashlib.blake2b(user_id.encode(), digest_size=8, key=_key()).digest()


@cache
def _key() -> bytes:
    return hashlib.sha256(b"sessions_app.tallies" + settings.SECRET_KEY.encode()).digest()


tallies = Tallies()
