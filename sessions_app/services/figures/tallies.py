"""Counting what happens in this process's memory, until it is handed over; see `daily_keeping`.

An append pays some microseconds for it. What was counted since the last time is lost when a worker
is killed, so figures may be a few seconds' worth too low; where storage is away they wait. Only
workers that serve count (`counts`): a command that makes derived data anew does not.
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
from sessions_app.domain.figures.daily import Figure, Tally, day_of
from sessions_app.domain.turns import Seen
from sessions_app.repository import figures as figures_store

logger = logging.getLogger(__name__)

_ROLES = {Role.USER: Figure.USER_MESSAGES, Role.ASSISTANT: Figure.ASSISTANT_MESSAGES}


class Tallies:
    """What this process has counted and not handed over yet, by day."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._days: dict[date, Tally] = {}
        self.counts = False

    def messages_stored(
        self, user_id: str, messages: Sequence[Message | NewMessage], now: datetime
    ) -> None:
        """A user's messages were stored: theirs, and what they were answered."""
        if not self.counts or not messages:
            return
        index, rank = figures_rules.distinct.register(_digest(user_id))
        with self._lock:
            tally = self._days.setdefault(day_of(now), Tally())
            tally.see(index, rank)
            for message in messages:
                tally.counts[_ROLES.get(message.role, Figure.OTHER_MESSAGES)] += 1
                tally.counts[Figure.TOKENS] += message.token_count

    def turn_ended(self, seen: Seen | None, *, failed: bool, now: datetime) -> None:
        """A turn came to its end, with the window that the model was sent."""
        counted = {Figure.TURNS: 1, Figure.FAILED_TURNS: int(failed)}
        if seen is not None:
            counted |= {
                Figure.WINDOW_KEPT: seen.kept,
                Figure.WINDOW_DROPPED: seen.dropped,
                Figure.WINDOW_TOKENS: seen.token_count,
                Figure.WINDOW_BUDGET: seen.max_tokens,
            }
        self._count(day_of(now), counted)

    def topics_shifted(self, moments: Iterable[datetime]) -> None:
        """Topics shifted at messages of these times."""
        for moment in moments:
            self._count(day_of(moment), {Figure.TOPIC_SHIFTS: 1})

    def _count(self, day: date, counted: dict[Figure, int]) -> None:
        if self.counts:
            with self._lock:
                self._days.setdefault(day, Tally()).counts.update(counted)

    def hand_over(self) -> None:
        """Add what was counted to the figures that all workers share; kept when that fails."""
        with self._lock:
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
                    self._days.setdefault(day, Tally()).merge(tally)


def _digest(user_id: str) -> bytes:
    """Keyed, so that nobody can try whether somebody was there."""
    return hashlib.blake2b(user_id.encode(), digest_size=8, key=_key()).digest()


@cache
def _key() -> bytes:
    return hashlib.sha256(b"sessions_app.tallies" + settings.SECRET_KEY.encode()).digest()


tallies = Tallies()
