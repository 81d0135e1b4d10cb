"""`manage.py export_user`."""

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from django.core.management.base import CommandError

from accounts.privacy.people import person_find
from accounts.privacy.personal_data import person_export
from sessions_app import clock
from sessions_app.domain import records
from sessions_app.management.operator import WRONG_USAGE, OperatorCommand
from sessions_app.management.output import STDOUT, destination, whole_file
from sessions_app.services.audits import session_count


class Command(OperatorCommand):
    help = (
        "Write everything that is stored about one person as JSON lines: account, sessions, "
        "messages. The first line names the format; the last says that the export is complete, and "
        "counts the records of each type. Safe beside a live service; changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("user", metavar="USER", help="a username or an id")
        parser.add_argument(
            "--id",
            action="store_true",
            help="take USER for an id, even if it looks like a username",
        )
        parser.add_argument(
            "--output",
            type=destination,
            default=STDOUT,
            metavar="FILE",
            help="a file, compressed if its name ends in .gz; the default is stdout",
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        output = options["output"]
        if self.as_json and output == STDOUT:
            raise CommandError("--json needs --output FILE", returncode=WRONG_USAGE)
        person = person_find(name=options["user"], is_id=options["id"])
        exported = person_export(user_id=person.user_id, user=person.user, now=clock.now())
        last_record: records.writing.Record = {}
        with (
            self.progress("sessions", session_count(user_id=person.user_id)) as show,
            whole_file(output) as file,
        ):
            for record in exported:
                file.write(records.writing.line(record))
                show(record["type"] == "session")
                last_record = record
        if output == STDOUT:
            self.stdout = self.stderr  # the summary is not part of the export
        return {"user_id": person.user_id, "output": output, "counts": last_record["counts"]}, True

    def describe(self, result: Mapping[str, Any]) -> str:
        counts = ", ".join(f"{count:,} {kind}" for kind, count in result["counts"].items())
        return f"{result['user_id']}: {counts or 'nothing'}"
