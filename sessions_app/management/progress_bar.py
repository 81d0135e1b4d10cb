"""The progress of long work: a bar for people, a line now and then for a log."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

LINE_SECONDS = 60.0
_ESTIMATE_EVERY = 100


class _RateColumn(ProgressColumn):
    """The recent rate, in items per second."""

    def render(self, task: Task) -> Text:
        """Such as `1,234/s`."""
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:,.0f}/s", style="progress.data.speed")


@contextmanager
def shown(
    unit: str,
    total: int | None,
    *,
    hidden: bool,
    say: Callable[[str], object],
    fraction: Callable[[], float | None] = lambda: None,
) -> Iterator[Callable[[int], None]]:
    """Show progress on stderr; yields a function to call with the number of items done.

    On a terminal it is a bar with the rate and the time left, elsewhere a line a minute, given to
    `say`: a log would fill with bars. `total` None is unknown; `hidden` shows nothing. `fraction`
    tells how much of the source has been read, where the total is not known before.
    """
    console = Console(stderr=True)
    lines = Lines(unit, total, say)
    with Progress(
        TextColumn(unit),
        BarColumn(),
        MofNCompleteColumn(),
        _RateColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=hidden or not console.is_terminal,
        # The closing line says it all.
        transient=True,
    ) as bar:
        task = bar.add_task(unit, total=total)

        def advance(done: int) -> None:
            bar.advance(task, done)
            estimated = _estimate(int(bar.tasks[task].completed), fraction)
            if estimated is not None:
                bar.update(task, total=estimated)
                lines.total = estimated
            if not (hidden or console.is_terminal):
                lines.advance(done)

        yield advance


def _estimate(done: int, fraction: Callable[[], float | None]) -> int | None:
    """The total that follows from what has been done; asked now and then, as it is a guess."""
    if done % _ESTIMATE_EVERY:
        return None
    read = fraction()
    return round(done / read) if read else None


class Lines:
    """Says how far the work is, once in LINE_SECONDS."""

    def __init__(
        self,
        unit: str,
        total: int | None,
        say: Callable[[str], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._unit, self.total, self._say, self._clock = unit, total, say, clock
        self._done, self._since = 0, 0
        self._began = self._said_at = clock()

    def advance(self, done: int) -> None:
        """So many more have been done."""
        # What an earlier run has done comes at once, and says nothing of this one's rate.
        self._done += done
        now = self._clock()
        if now == self._began:
            self._since = self._done
        if now - self._said_at < LINE_SECONDS:
            return
        self._said_at = now
        rate = (self._done - self._since) / (now - self._began)
        self._say(f"{self._done:,}{self._of_total()} {self._unit}, {rate:,.1f}/s{self._left(rate)}")

    def _of_total(self) -> str:
        return "" if self.total is None else f" of {self.total:,}"

    def _left(self, rate: float) -> str:
        if self.total is None or not rate:
            return ""
        minutes = max(0, self.total - self._done) / rate / 60
        return f", about {minutes:,.0f} min left"
