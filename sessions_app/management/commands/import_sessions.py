import os
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any

from sessions_app import clock
from sessions_app.management import file_store
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.transfer import FORMATS, Source, sessions_import, source_read


class Command(OperatorCommand):
    """Imports sessions."""

    help = (
        "Import sessions from a file of export_sessions or export_user, or from another program: "
        "ChatGPT's data export (the archive, or its conversations.json), LibreChat's JSON export "
        "or its collections, LangChain's MongoDB collection (a file of mongoexport, or its URI), a "
        "SQLite file or a list of items of the OpenAI Agents SDK. Each session is stored whole or "
        "not at all. Existing sessions are left alone, so a file may be imported again, also after "
        "an interruption. Exit 1 if a line is refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "file", metavar="FILE", help="a file (.gz, .zip), - for stdin, or mongodb://…"
        )
        parser.add_argument(
            "--user", metavar="ID", help="the new owner (default: the owners in FILE)"
        )
        parser.add_argument("--format", choices=FORMATS, default="auto", help="the format of FILE")
        parser.add_argument(
            "--attachments",
            metavar="DIR",
            help="where pictures and files lie beside FILE (default: FILE.files)",
        )
        parser.add_argument("--collection", metavar="NAME", help="the collection at mongodb://…")
        parser.add_argument(
            "--dry-run", action="store_true", help="read and check everything, store nothing"
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        source = Source(options["file"], options["format"], options["collection"])
        reading = source_read(source=source, user_id=options["user"], now=clock.now())
        # Also where a line is refused: the source may be a database.
        with closing(reading), self.progress("records", _about(options["file"])) as show:
            done = sessions_import(
                numbered=reading.records,
                user_id=options["user"],
                dry_run=options["dry_run"],
                progress=show,
                found=file_store.reader(options["attachments"] or f"{options['file']}.files"),
            )
        # What the source could not read, and what the store did not take.
        left = {**done.left, **reading.left}
        return {"format": reading.format, "dry_run": options["dry_run"], **asdict(done),
                "left": dict(sorted(left.items()))}, True  # fmt: skip

    def describe(self, result: Mapping[str, Any]) -> str:
        """The counts of what was imported, left alone and left out."""
        would = "would be imported" if result["dry_run"] else "imported"
        lines = [
            f"{result['sessions']:,} sessions with {result['messages']:,} messages {would} "
            f"({result['format']})"
        ]
        for name, words in (
            ("already_there", "sessions are there already and were left alone"),
            ("grown", "of these have more messages in the file"),
            ("of_erased_users", "sessions are of users who were erased, and stay away"),
            ("attachments", "pictures and files were stored with them"),
            ("recounted", "sessions said other totals than they have"),
        ):
            if result[name]:
                lines.append(f"{result[name]:,} {words}")
        lines += [f"left out: {count:,} × {name}" for name, count in result["left"].items()]
        return "\n".join(lines)


def _about(name: str) -> int | None:
    """An estimate of a file's records from its size; None for another source."""
    try:
        # About 300 bytes per record.
        return max(1, os.stat(name).st_size // 300)  # noqa: PTH116 - a name may be an address
    except OSError:
        return None
