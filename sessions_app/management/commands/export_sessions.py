import sys
from argparse import ArgumentParser
from collections.abc import Iterable, Mapping
from typing import Any, BinaryIO

from django.core.management.base import CommandError

from sessions_app.domain import records
from sessions_app.domain.data import Status
from sessions_app.domain.records.writing import Record
from sessions_app.management import file_store, partial_file
from sessions_app.management.arguments import moment
from sessions_app.management.operator import WRONG_USAGE, OperatorCommand
from sessions_app.management.output import STDOUT, destination
from sessions_app.services.audits import session_count
from sessions_app.services.transfer import Bytes, Selection, first_record, sessions_export


class Command(OperatorCommand):
    """Exports sessions."""

    help = (
        "Write sessions with all their messages as JSON lines, which import_sessions restores "
        "unchanged. Writes nothing to the store; safe beside a live service. An interrupted run "
        "leaves FILE.partial, which --resume continues."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--user", metavar="ID", help="only the sessions of this user")
        parser.add_argument(
            "--status", type=Status, choices=list(Status), help="only of this status"
        )
        parser.add_argument(
            "--since", type=moment, metavar="TIME", help="only with activity since then"
        )
        parser.add_argument(
            "--output",
            type=destination,
            default=STDOUT,
            metavar="FILE",
            help="a file, compressed if its name ends in .gz (default: stdout)",
        )
        parser.add_argument(
            "--attachments",
            choices=["inside", "beside", "none"],
            default="inside",
            help="pictures and files: inside the lines, in the directory FILE.files, or left out",
        )
        parser.add_argument("--resume", action="store_true", help="continue an interrupted run")

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        output = options["output"]
        # Stdout holds the export, so it has no room for a result, and nothing to resume.
        if output == STDOUT and (self.as_json or options["resume"]):
            raise CommandError("--json and --resume need --output FILE", returncode=WRONG_USAGE)
        if output == STDOUT and options["attachments"] == "beside":
            raise CommandError("--attachments beside needs --output", returncode=WRONG_USAGE)
        attached = self._attached(options["attachments"], output)
        selection = Selection(options["user"], options["status"], options["since"])
        # The first line depends on the selection alone, which lets --resume compare it.
        first = records.writing.line(first_record(selection))
        if output == STDOUT:
            sys.stdout.buffer.write(first)
            following = sessions_export(selection=selection, attached=attached)
            last = self._write(following, selection, sys.stdout.buffer)
            sys.stdout.buffer.flush()
            self.stdout = self.stderr  # the closing line must not end up in the export
        else:
            export = partial_file.begin(output, first, resume=options["resume"])
            with export.file as file:
                following = sessions_export(
                    selection=selection,
                    after=export.after,
                    written=export.written,
                    attached=attached,
                )
                last = self._write(following, selection, file, export.written.get("session", 0))
                partial_file.finish(output, file)
        result = {"output": output, "counts": last["counts"]}
        damaged = last.get("damaged", 0)
        return result | ({"damaged": damaged} if damaged else {}), not damaged

    def _attached(self, where: str, output: str) -> Bytes:
        if where == "none":
            return Bytes(wanted=False)
        return Bytes(beside=file_store.writer(output)) if where == "beside" else Bytes()

    def _write(
        self, following: Iterable[Record], selection: Selection, file: BinaryIO, done: int = 0
    ) -> Record:
        """Write the records; returns the last one."""
        last: Record = {}
        with self.progress("sessions", session_count(user_id=selection.user_id)) as show:
            show(done)
            for last in following:
                file.write(records.writing.line(last))
                # The bar counts sessions, not their messages.
                show(last["type"] == "session")
        return last

    def describe(self, result: Mapping[str, Any]) -> str:
        counts = result["counts"]
        line = f"{counts.get('session', 0):,} sessions, {counts.get('message', 0):,} messages"
        damaged = result.get("damaged", 0)
        return f"{line}; {damaged:,} damaged and left out" if damaged else line
