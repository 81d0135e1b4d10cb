"""The base of the operators' commands: `--json`, progress on a terminal, exit codes."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError
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

from sessions_app.domain.errors import SessionError
from sessions_app.domain.texts.display import harmless
from sessions_app.repository import clocks

WRONG_FOUND = 1
WRONG_USAGE = 2
INTERRUPTED = 130  # as a shell reports a command ended by Ctrl-C


class _RateColumn(ProgressColumn):
    """The recent rate, in items per second."""

    def render(self, task: Task) -> Text:
        """Such as `1,234/s`."""
        rate = task.finished_speed or task.speed
        return Text("" if rate is None else f"{rate:,.0f}/s", style="progress.data.speed")


class OperatorCommand(BaseCommand):
    """Runs `work` and prints its result: words for people, or one JSON object with `--json`.

    Exits 0 when done, 1 when something is wrong, 2 for wrong usage, 130 when interrupted.
    """

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Add the options of every command."""
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else"
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Do the command's work; returns the result to print, and whether all is well."""
        raise NotImplementedError

    def describe(self, result: Mapping[str, Any]) -> str:
        """Word the result for people."""
        raise NotImplementedError

    def printable(self, described: str) -> str:
        """The description as it is printed: no title or name in it can control the terminal."""
        return harmless(described)

    def handle(self, *_: Any, **options: Any) -> None:
        """Work, print the result, and exit with its code."""
        self.as_json = options["json"]
        if getattr(self, "requires_mongodb", True):
            # What is due, and until when, MongoDB's clock says, and not that of this host.
            clocks.read_if_there()
        try:
            result, well = self.work(options)
        # Errors of the domain are for people: one line rather than a traceback.
        except SessionError as error:
            raise CommandError(harmless(error.detail), returncode=WRONG_FOUND) from error
        except KeyboardInterrupt:
            self.stderr.write("interrupted; what was done is kept, run it again to go on")
            sys.exit(INTERRUPTED)
        self.stdout.write(
            json.dumps(result) if self.as_json else self.printable(self.describe(result))
        )
        if not well:
            sys.exit(WRONG_FOUND)

    @contextmanager
    def progress(self, unit: str, total: int | None) -> Iterator[Callable[[int], None]]:
        """Show a progress bar on a terminal's stderr.

        Yields a function to call with the number of items done. `total` None is unknown.
        """
        console = Console(stderr=True)
        with Progress(
            TextColumn(unit),
            BarColumn(),
            MofNCompleteColumn(),
            _RateColumn(),
            TimeRemainingColumn(),
            console=console,
            # Only for people: a log of stderr would fill with bars.
            disable=self.as_json or not console.is_terminal,
            # The closing line says it all.
            transient=True,
        ) as bar:
            task = bar.add_task(unit, total=total)
            yield lambda done: bar.advance(task, done)
