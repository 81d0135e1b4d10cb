"""Tells running work that its client has disconnected."""

import threading
from collections.abc import Callable

from django.http import HttpRequest

ENVIRON_KEY = "chat_sessions.departure"


class Departure:
    """Whether the caller of one request has hung up, and what is to be done then."""

    def __init__(self) -> None:
        self._left = False
        self._then: list[Callable[[], object]] = []
        self._lock = threading.Lock()

    def then(self, act: Callable[[], object]) -> None:
        """Call `act` when the caller leaves, or now if they have left; it must not block."""
        with self._lock:
            if not self._left:
                self._then.append(act)
                return
        act()

    def leave(self) -> None:
        """The caller has hung up."""
        with self._lock:
            self._left = True
            acts, self._then = self._then, []
        # Outside of the lock: an act may call back into this object.
        for act in acts:
            act()


def departure_of(request: HttpRequest) -> Departure:
    """That of a request; of a server that does not tell, one that never happens."""
    departure = request.META.get(ENVIRON_KEY)
    return departure if isinstance(departure, Departure) else Departure()
