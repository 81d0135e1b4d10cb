"""`manage.py import_sessions`."""

import os
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any

from django.utils import timezone

from sessions_app.management.operator import OperatorCommand
from sessions_app.services.transfer import FORMATS, Source, sessions_import, source_read


class Command(OperatorCommand):
    """Takes sessions in."""

    help = (
        "Take in sessions from a file of export_sessions or export_user, or what another program "
        "keeps: ChatGPT's data export (the archive, or its conversations.json), LibreChat's JSON "
        "export or its collections, LangChain's MongoDB collection (a file of mongoexport, or its "
        "address), a SQLite file or a list of items of the OpenAI Agents SDK. Each session is "
        "stored whole or not at all. Sessions that are there are left alone, so the same file may "
        "be imported again, also to go on after an interruption. Exit 1 when a line is refused."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """What to read, and whose it becomes."""
        super().add_arguments(parser)
        parser.add_argument(
            "file", metavar="FILE", help="a file (.gz, .zip), - for stdin, or mongodb://…"
        )
        parser.add_argument(
            "--user", metavar="ID", help="whose the sessions become; without it owners are kept"
        )
        parser.add_argument("--format", choices=FORMATS, default="auto", help="what FILE is")
        parser.add_argument("--collection", metavar="NAME", help="LangChain's, at mongodb://…")
        parser.add_argument(
            "--dry-run", action="store_true", help="read and check everything, write nothing"
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Read, store and count."""
        source = Source(options["file"], options["format"], options["collection"])
        reading = source_read(source=source, user_id=options["user"], now=timezone.now())
        with closing(reading), self.progress("records", _about(options["file"])) as show:
            done = sessions_import(
                numbered=reading.records,
                user_id=options["user"],
                dry_run=options["dry_run"],
                progress=show,
            )
        left = {**done.left, **reading.left}
        return {"format": reading.format, "dry_run": options["dry_run"], **asdict(done),
                "left": dict(sorted(left.items()))}, True  # fmt: skip

    def describe(self, result: Mapping[str, Any]) -> str:
        """What was taken in, what was there, and what had no place."""
        would = "would be imported" if result["dry_run"] else "imported"
        lines = [
            f"{result['sessions']:,} sessions with {result['messages']:,} messages {would} "
            f"({result['format']})"
        ]
        for name, words in (
            ("already_there", "sessions are there already and were left alone"),
            ("grown", "of these have more messages in the file"),
            ("of_erased_users", "sessions are of users who were erased, and stay away"),
            ("recounted", "sessions said other totals than they have"),
        ):
            if result[name]:
                lines.append(f"{result[name]:,} {words}")
        lines += [f"left out: {count:,} × {name}" for name, count in result["left"].items()]
        return "\n".join(lines)


def _about(name: str) -> int | None:
    """A guess at how many records a file has; None where there is nothing to guess by."""
    try:
        return max(1, os.stat(name).st_size // 300)  # noqa: PTH116 - a name may be an address
    except OSError:
        return None
