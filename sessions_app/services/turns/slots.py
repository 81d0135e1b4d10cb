"""How many model calls a process makes at a time, and how its users share them."""

import threading
from collections import Counter

from django.conf import settings

from sessions_app import instruments
from sessions_app.domain.errors import ModelNotAllowed, TooManyOwnTurns, TooManyTurns
from sessions_app.services import quotas

# Above this part of TURNS_MAX, slots are short.
_PLENTY = 0.75


class Slot:
    """One of the model calls that this process may make at a time.

    Raises TooManyTurns, TooManyOwnTurns, ModelNotAllowed, DailyQuota. More would starve each other,
    and everybody else. A semaphore that refuses rather than waits.
    """

    _taken = 0
    _taken_by = Counter[str]()
    _lock = threading.Lock()

    def __init__(self, user_id: str, model: str | None = None) -> None:
        self._user_id, self._model = user_id, model

    @classmethod
    def taken(cls) -> int:
        """How many are taken."""
        return cls._taken

    def __enter__(self) -> "Slot":
        if self._model and settings.MODELS_ALLOWED and self._model not in settings.MODELS_ALLOWED:
            raise ModelNotAllowed(attr="model")
        quotas.tokens_require(self._user_id)
        with Slot._lock:
            if Slot._taken >= settings.TURNS_MAX:
                instruments.quota_refused("turns")
                raise TooManyTurns
            if Slot._taken_by[self._user_id] >= min(settings.TURNS_PER_USER, self._fair_share()):
                instruments.quota_refused("own_turns")
                raise TooManyOwnTurns
            Slot._taken += 1
            Slot._taken_by[self._user_id] += 1
        self._is_kept = False
        return self

    def __exit__(self, *_: object) -> None:
        if not self._is_kept:
            self.give_back()

    def keep(self) -> None:
        """Hold it beyond the block, until it is given back."""
        self._is_kept = True

    def give_back(self) -> None:
        """Let another call have it."""
        with Slot._lock:
            Slot._taken -= 1
            Slot._taken_by[self._user_id] -= 1
            # Only who has a slot is counted among the users that share them.
            Slot._taken_by += Counter()

    def _fair_share(self) -> int:
        """How many slots this user may have: all, unless slots are short.

        Then as many as if one more user than now shared them, so that whoever comes finds some.
        """
        if Slot._taken < _PLENTY * settings.TURNS_MAX:
            return int(settings.TURNS_MAX)
        users = len({*Slot._taken_by, self._user_id})
        return max(1, int(settings.TURNS_MAX) // (users + 1))
