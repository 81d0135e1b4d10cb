"""`manage.py export_user`."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError
from django.utils import timezone

from accounts.people import person_find
from accounts.personal_data import person_export
from sessions_app.domain import records
from sessions_app.management.operator import WRONG_USAGE, OperatorCommand
from sessions_app.management.output import STDOUT, destination, whole_file
from sessions_app.services.audits import session_count


class Command(OperatorCommand):
    """Writes one person's data."""

    help = (
        "Write everything that is stored about one person as JSON lines: account, sessions, "
        "messages, archives. The first line says what it is; the last that it is complete, and "
        "how many records of each type there are. May run beside a live service; changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Who, and where to."""
        super().add_arguments(parser)
        parser.add_argument("user", metavar="USER", help="a username or an id")
        parser.add_argument("--id", action="store_true", help="USER is an id and no username")
        parser.add_argument(
            "--output",
            type=destination,
            default=STDOUT,
            metavar="FILE",
            help="a file, compressed if its name ends in .gz; without one, stdout",
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Write and count."""
        output = options["output"]
        if self.as_json and output == STDOUT:
            raise CommandError("--json needs --output FILE", returncode=WRONG_USAGE)
        person = person_find(name=options["user"], is_id=options["id"])
        exported = person_export(user_id=person.user_id, user=person.user, now=timezone.now())
        last: records.writing.Record = {}
        with (
            self.progress("sessions", session_count(user_id=person.user_id)) as show,
            whole_file(output) as file,
        ):
            for record in exported:
                file.write(records.writing.line(record))
                show(record["type"] == "session")
                last = record
        if output == STDOUT:
            self.stdout = self.stderr  # what follows is no part of the export
        return {"user_id": person.user_id, "output": output, "counts": last["counts"]}, True

    def describe(self, result: Mapping[str, Any]) -> str:
        """The closing line."""
        counts = ", ".join(f"{count:,} {kind}" for kind, count in result["counts"].items())
        return f"{result['user_id']}: {counts or 'nothing'}"
