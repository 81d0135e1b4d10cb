"""How many turns this process runs at a time: more would starve each other, and everybody else."""

import threading

from django.conf import settings

from sessions_app.domain.errors import TooManyTurns


class Slot:
    """One of the turns that this process may run at a time; raises TooManyTurns."""

    _taken = 0
    _lock = threading.Lock()

    @classmethod
    def taken(cls) -> int:
        """How many are taken."""
        return cls._taken

    def __enter__(self) -> "Slot":
        with Slot._lock:
            if Slot._taken >= settings.TURNS_MAX:
                raise TooManyTurns
            Slot._taken += 1
        self._kept = False
        return self

    def __exit__(self, *_: object) -> None:
        if not self._kept:
            self.give_back()

    def keep(self) -> None:
        """Hold it beyond the block, until it is given back."""
        self._kept = True

    def give_back(self) -> None:
        """Let another turn have it."""
        with Slot._lock:
            Slot._taken -= 1
