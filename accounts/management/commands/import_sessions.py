"""`manage.py import_sessions`."""

import time
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandError

from accounts.privacy.people import person_identify
from sessions_app import clock
from sessions_app.domain.errors import InvalidInput
from sessions_app.management import file_store
from sessions_app.management.import_table import in_words
from sessions_app.management.operator import WRONG_USAGE, OperatorCommand
from sessions_app.services import privacy
from sessions_app.services.transfer import (
    FORMATS,
    Source,
    nothing_imported,
    seconds_estimated,
    sessions_import,
    source_read,
)


class Command(OperatorCommand):
    """Imports sessions."""

    help = (
        "Import sessions from a file of export_sessions or export_user, or from another program: "
        "the data export of ChatGPT or Claude (the archive as downloaded), Open WebUI's or "
        "LibreChat's JSON export, LibreChat's or LangChain's collections, LangGraph's checkpoints, "
        "sessions of the OpenAI Agents SDK (SQLite, MongoDB, a list of items). Each session is "
        "stored whole or not at all. Existing sessions are left alone, so a file may be imported "
        "again, also after an interruption. Exit 1 if a conversation or a line is refused, or "
        "nothing is imported; 2 if no account is called NAME."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "file",
            metavar="FILE",
            help="a file (.gz, .zip), a folder, - for stdin, or mongodb://…",
        )
        parser.add_argument(
            "--user",
            metavar="NAME",
            help="the new owner, by username or id (default: the owners in FILE)",
        )
        parser.add_argument(
            "--id",
            action="store_true",
            help="take NAME for the id of an identity provider's user, even if nothing is stored "
            "about it yet",
        )
        parser.add_argument("--format", choices=FORMATS, default="auto", help="the format of FILE")
        parser.add_argument(
            "--attachments",
            metavar="DIR",
            help="where pictures and files lie beside FILE (default: FILE.files)",
        )
        parser.add_argument("--collection", metavar="NAME", help="the collection at mongodb://…")
        parser.add_argument(
            "--forks",
            action="store_true",
            help="import branches that are not current as sessions of their own",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="read and check everything, store nothing"
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        user_id = _owner(options["user"], is_id=options["id"])
        source = Source(
            options["file"],
            options["format"],
            options["collection"],
            options["attachments"],
            options["forks"],
        )
        dry_run, began = options["dry_run"], time.monotonic()
        reading = source_read(source=source, user_id=user_id, now=clock.now(), dry_run=dry_run)
        is_native = reading.format == "native"
        # Also where a line is refused: the source may be a database.
        with closing(reading), self.progress("records", None, reading.fraction) as show:
            done = sessions_import(
                numbered=reading.records,
                user_id=user_id,
                dry_run=dry_run,
                progress=show,
                found=file_store.reader(options["attachments"] or f"{options['file']}.files"),
                refuse=None if is_native else reading.refuse,
            )
        if (problem := nothing_imported(reading, done)) is not None:
            raise InvalidInput(problem)
        # What the source could not read, and what the store did not take.
        left = {**done.left, **reading.left}
        result = {
            "format": reading.format,
            "dry_run": dry_run,
            **asdict(done),
            "attachments": done.attachments or done.attached,
            "branches": reading.branches,
            "forks": options["forks"],
            "changed": dict(sorted(reading.changed.items())),
            "left": dict(sorted(left.items())),
            "refused": reading.refused,
            "refused_count": reading.refused_count,
        }
        if dry_run:
            result["seconds_estimated"] = seconds_estimated(done, time.monotonic() - began)
        return result, not reading.refused_count

    def describe(self, result: Mapping[str, Any]) -> str:
        """The counts of what was imported, changed, left alone and left out."""
        return in_words(result)


def _owner(name: str | None, *, is_id: bool) -> str | None:
    """The id of the user who gets the sessions; exits 2 where nobody is called so."""
    if name is None or is_id:
        return name
    person = person_identify(name=name)
    # Users of an identity provider have no account here.
    if person.user is None and not privacy.is_known(user_id=person.user_id):
        raise CommandError(
            f"no account has the name or the id {name!r}; --id takes it for the id of a user of "
            "an identity provider",
            returncode=WRONG_USAGE,
        )
    return person.user_id
