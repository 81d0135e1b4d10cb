"""The thread of each worker that stores its counts and refreshes figures that are due."""

import logging
import threading
from collections.abc import Callable

from sessions_app import clock
from sessions_app.domain.errors import SessionError
from sessions_app.repository.figures import daily as daily_figures
from sessions_app.services.figures import dashboard
from sessions_app.services.tallies import Tallies, tallies

logger = logging.getLogger(__name__)

HANDED_OVER_SECONDS = 5.0


def hand_over(counted: Tallies = tallies) -> None:
    """Add what was counted to the figures that all workers share; kept when storage is away."""
    days = counted.take()
    while days:
        day, tally = days.popitem()
        try:
            daily_figures.add(day, tally)
        except SessionError as error:
            days[day] = tally
            logger.warning("figures cannot be handed over at the moment: %s", error.detail)
            break
    counted.give_back(days)


class DailyKeeper:
    """Lets this process count, and stores the counts, from `start` to `stop`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def start(self) -> None:
        """Start counting."""
        with self._lock:
            tallies.counts = True
            if self._thread is None:
                self._stopped.clear()
                self._thread = threading.Thread(target=self._loop, name="figures", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """Stop counting, and store the last counts."""
        with self._lock:
            # Before the last hand-over, so that nothing is counted after it.
            tallies.counts = False
            self._stopped.set()
            if self._thread is not None:
                self._thread.join(HANDED_OVER_SECONDS)
                self._thread = None
        self._keep(hand_over)

    def _loop(self) -> None:
        while not self._stopped.wait(HANDED_OVER_SECONDS):
            self._keep(hand_over)
            self._keep(lambda: dashboard.refresh(now=clock.now()))

    @staticmethod
    def _keep(duty: Callable[[], object]) -> None:
        try:
            duty()
        except SessionError as error:
            logger.warning("figures cannot be kept at the moment: %s", error.detail)
        # Figures are worth less than the service: the thread goes on.
        except Exception:
            logger.exception("figures could not be kept")


keeper = DailyKeeper()
