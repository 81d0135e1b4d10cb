"""`manage.py simulate_chat`: real clients with real dialogues against the HTTP API."""

import io
import json
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sessions_app.simulation import dialogues, own_service
from sessions_app.simulation.closing_table import closing_table
from sessions_app.simulation.crowd import Crowd
from sessions_app.simulation.measurements import Measurements

WRONG_USAGE = 2
MAX_USERS = 1_000
OWN_DIALOGUES = Path(__file__).resolve().parents[2] / "dialogues"


class Command(BaseCommand):
    """Parses, lets a crowd replay the dialogues, and prints what came of it."""

    help = (
        "Registers users and replays dialogues through the HTTP API as separate clients would, "
        "reads every conversation back and compares it message by message. Starts a service of "
        "its own, with data that is thrown away, unless --base-url names one; there, the users "
        "and their sessions stay. Exits 1 when anything differs."
    )
    requires_mongodb = False
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        """What to replay, by how many, where, and how to say what came of it."""
        parser.add_argument(
            "file",
            nargs="?",
            type=Path,
            default=OWN_DIALOGUES,
            help='JSON lines, each {"id", "messages": [{"role", "content"}]}; '
            "without one, dialogues that come with the project",
        )
        parser.add_argument("--users", type=int, default=4, help="clients at once (default 4)")
        parser.add_argument("--base-url", help="a running service, such as http://127.0.0.1:8000")
        parser.add_argument("--limit", type=int, help="replay the first so many dialogues only")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Exit 0 when everything came back as sent, 1 when not, 2 for wrong usage."""
        _check_usage(options)
        try:
            found = dialogues.read(options["file"])[: options["limit"]]
        except dialogues.DialogueError as error:
            raise CommandError(str(error), returncode=WRONG_USAGE) from error
        measurements = Measurements()
        code = self._simulate(found, options, measurements)
        self._report(measurements, code, as_json=options["json"])
        if code:
            sys.exit(code)

    def _simulate(
        self, found: list[dialogues.Dialogue], options: dict[str, Any], measurements: Measurements
    ) -> int:
        """The exit code; on Ctrl-C, too, whatever was started has ended."""
        try:
            with ExitStack() as stack:
                url = _service(stack, options["base_url"])
                progress = stack.enter_context(_progress())
                total = sum(len(dialogue.messages) for dialogue in found)
                bar = progress.add_task("registering", total=total)
                measurements.begin()
                stack.callback(measurements.end)
                Crowd(
                    url,
                    found,
                    users=options["users"],
                    measurements=measurements,
                    stored=lambda: progress.update(bar, advance=1, description="messages"),
                ).run()
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
        return 1 if measurements.mismatches or measurements.failures else 0

    def _report(self, measurements: Measurements, code: int, *, as_json: bool) -> None:
        interrupted = code > 128
        if as_json:
            body = measurements.as_json() | {"interrupted": interrupted}
            self.stdout.write(json.dumps(body, ensure_ascii=False))
            return
        if interrupted:
            self.stdout.write("Interrupted; so far:")
        console = Console(file=io.StringIO(), width=100)
        with console.capture() as captured:
            console.print(closing_table(measurements))
        self.stdout.write(captured.get().strip("\n"))


def _check_usage(options: dict[str, Any]) -> None:
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


def _service(stack: ExitStack, base_url: str | None) -> str:
    """The address of the service to talk to, started if need be."""
    if base_url is None:
        try:
            return stack.enter_context(own_service.running(settings.BASE_DIR / "manage.py"))
        except own_service.ServiceDidNotStart as error:
            raise CommandError(f"The service did not start: {error}") from error
    url = base_url.rstrip("/")
    if problem := own_service.problem(url):
        raise CommandError(f"No service answers at {url}: {problem}.")
    return url


def _progress() -> Progress:
    """A bar on a terminal's standard error; nothing elsewhere."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
