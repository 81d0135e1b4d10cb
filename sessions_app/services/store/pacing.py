"""The pace of work over all that is stored, so that requests are served meanwhile."""

import time

# Of the time, at most so much is work: where MongoDB is busy, each step takes longer, and so does
# the rest after it.
_BUSY_SHARE = 0.5


class Pace:
    """Rests between steps: at most `per_second` items a second, and at least as long as it worked.

    None sets no limit, and there is no rest.
    """

    def __init__(self, per_second: int | None) -> None:
        self._per_second = per_second
        self._started = time.monotonic()

    def rest(self, done: int) -> None:
        """Rest after a step of `done` items, before the next one begins."""
        if self._per_second is not None:
            worked = time.monotonic() - self._started
            of_rate = done / self._per_second - worked
            time.sleep(max(of_rate, worked * (1 - _BUSY_SHARE) / _BUSY_SHARE))
        self._started = time.monotonic()
