"""The base of the operators' commands: `--json`, progress on a terminal, exit codes."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from sessions_app.domain.errors import SessionError
from sessions_app.domain.texts.display import harmless
from sessions_app.repository import clocks
from sessions_app.services.walks import Walk

WRONG_FOUND = 1
WRONG_USAGE = 2
INTERRUPTED = 130  # as a shell reports a command ended by Ctrl-C


class OperatorCommand(BaseCommand):
    """Runs `work` and prints its result: words for people, or one JSON object with `--json`.

    It starts fast: no route, no view and none of the admin's pages is loaded for it.

    Exits 0 when done, 1 when something is wrong, 2 for wrong usage, 130 when interrupted.
    """

    # They load every route; `serve` and `manage.py check` make them.
    requires_system_checks = ()

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

    def walk(self, name: str, options: Mapping[str, Any]) -> Walk:
        """The walk of this run over all sessions, or those of `--user`; says where it begins."""
        resume = options["resume"]
        walk = Walk(name, user_id=options["user"], resume=resume, share=options["share"])
        if not self.as_json and walk.left_by_earlier:
            done = f"{walk.left_by_earlier:,} sessions"
            self.stderr.write(
                f"going on after {done}"
                if resume
                else f"an earlier run was stopped after {done}; --resume goes on there"
            )
        return walk

    @contextmanager
    def progress(
        self,
        unit: str,
        total: int | None,
        fraction: Callable[[], float | None] = lambda: None,
    ) -> Iterator[Callable[[int], None]]:
        """Show progress on stderr, with the rate and the time left.

        Yields a function to call with the number of items done. `total` None is unknown; it may be
        estimated by the `fraction` that has been read.
        """
        # Here, as most of what a command loads at its start would be this.
        from sessions_app.management.progress_bar import shown

        with shown(
            unit, total, hidden=self.as_json, say=self.stderr.write, fraction=fraction
        ) as advance:
            yield advance
