"""`manage.py simulate_chat`: clients that replay real dialogues against the HTTP API."""

import io
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import CommandError
from rich.console import Console

from sessions_app.management.operator import INTERRUPTED, OperatorCommand
from sessions_app.simulation import dialogues, own_service
from sessions_app.simulation.closing_table import closing_table
from sessions_app.simulation.crowd import Crowd
from sessions_app.simulation.measurements import Measurements
from sessions_app.simulation.transcript import shifts_line, transcript
from sessions_app.simulation.watched import Watched, count_shifts

WRONG_USAGE = 2
# A thread and a connection each.
MAX_USERS = 1_000
# Part of the package, so that the command works without other files.
OWN_DIALOGUES = Path(__file__).resolve().parents[2] / "dialogues"
_COLUMNS = 100


class Command(OperatorCommand):
    """Lets many users replay dialogues, and checks what the service stored."""

    help = (
        "Register users, replay dialogues over the HTTP API as separate clients, read every "
        "conversation back and compare it message by message. Starts a service of its own with "
        "temporary data, unless --base-url names one, where the users and their sessions stay. "
        "Exit 1 if anything differs."
    )
    # It talks HTTP only; its own service starts its own MongoDB.
    requires_mongodb = False
    # They would check the settings of this process, not of the service it talks to.
    requires_system_checks = ()
    interrupted = False
    watched: Sequence[Watched] = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            default=OWN_DIALOGUES,
            help='JSON lines, each {"id", "messages": [{"role", "content"}]}; '
            "default: the dialogues of this project",
        )
        parser.add_argument("--users", type=int, default=4, help="clients at once (default 4)")
        parser.add_argument("--base-url", help="a running service, such as http://127.0.0.1:8000")
        parser.add_argument("--limit", type=int, help="replay only the first so many dialogues")
        parser.add_argument(
            "--transcript",
            action="store_true",
            help="print each dialogue with its topic shifts and, after every user message, the "
            "window of a model call; requests both from the service",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Work and print; an interrupted run prints the measurements so far."""
        super().handle(*args, **options)
        if self.interrupted:
            sys.exit(INTERRUPTED)

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Replay and compare; the service that was started has stopped on return."""
        _check_usage(options)
        try:
            selected = dialogues.read(options["file"])[: options["limit"]]
        except dialogues.DialogueError as error:
            raise CommandError(str(error), returncode=WRONG_USAGE) from error
        measurements = Measurements()
        watched: list[Watched] = []
        try:
            self._simulate(selected, options, measurements, watched)
        # The measurements so far are worth printing.
        except KeyboardInterrupt:
            self.interrupted = True
        # Printed in the order of the file, whichever client was first.
        positions = {id(dialogue): number for number, dialogue in enumerate(selected)}
        self.watched = sorted(watched, key=lambda each: positions[id(each.dialogue)])
        result = measurements.as_json() | {"interrupted": self.interrupted}
        if options["transcript"]:
            result |= self._transcript_json()
        return result, self.interrupted or measurements.all_well

    def _transcript_json(self) -> dict[str, Any]:
        count = count_shifts(self.watched)
        return {
            "dialogues": [each.as_json() for each in self.watched],
            "shifts": count.as_json() if count else None,
        }

    def _simulate(
        self,
        selected: list[dialogues.Dialogue],
        options: Mapping[str, Any],
        measurements: Measurements,
        watched: list[Watched],
    ) -> None:
        total = sum(len(dialogue.messages) for dialogue in selected)
        with (
            _service(options["base_url"]) as url,
            self.progress("messages", total) as show,
            measurements.clock(),
        ):
            Crowd(
                url,
                selected,
                users=options["users"],
                measurements=measurements,
                stored=lambda: show(1),
                watched=watched.append if options["transcript"] else None,
            ).run()

    def describe(self, result: Mapping[str, Any]) -> str:
        """The transcripts and the closing table."""
        console = Console(file=io.StringIO(), width=_COLUMNS)
        with console.capture() as captured:
            # Uncropped: failures are long lines, and programs read them.
            console.print(closing_table(result), crop=False)
        so_far = "interrupted; so far:\n" if result["interrupted"] else ""
        lines = [line.rstrip() for line in captured.get().splitlines()]
        count = count_shifts(self.watched)
        shifts = f"\n\n{shifts_line(count)}" if count else ""
        return so_far + self._transcripts() + "\n".join(lines).strip("\n") + shifts

    def printable(self, described: str) -> str:
        """As it is: it has styles, and `transcript` has cleaned what was said."""
        return described

    def _transcripts(self) -> str:
        """The transcripts, in the terminal's width and with styles if it is one."""
        is_terminal = self.stdout.isatty()
        width = shutil.get_terminal_size().columns if is_terminal else _COLUMNS
        console = Console(file=io.StringIO(), width=width, force_terminal=is_terminal)
        with console.capture() as captured:
            for each in self.watched:
                for line in transcript(each, width):
                    console.print(line, soft_wrap=True)
                console.print()
        return captured.get()


def _check_usage(options: Mapping[str, Any]) -> None:
    for name, high in (("users", MAX_USERS), ("limit", None)):
        value = options[name]
        if value is not None and (value < 1 or (high and value > high)):
            allowed = f"between 1 and {high}" if high else "1 or more"
            raise CommandError(f"--{name} must be {allowed}.", returncode=WRONG_USAGE)
    url = options["base_url"]
    if url is not None and not _is_http(url):
        raise CommandError(
            "--base-url must look like http://127.0.0.1:8000.", returncode=WRONG_USAGE
        )


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


@contextmanager
def _service(base_url: str | None) -> Iterator[str]:
    """The URL of the service; starts one where none is named."""
    if base_url is None:
        try:
            with own_service.running(settings.BASE_DIR / "manage.py") as url:
                yield url
        except own_service.ServiceDidNotStart as error:
            raise CommandError(f"The service did not start: {error}") from error
        return
    # Routes begin with a slash.
    url = base_url.rstrip("/")
    if problem := own_service.problem(url):
        raise CommandError(f"No service answers at {url}: {problem}.")
    yield url
