"""`manage.py restore`."""

import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from django.core.management import call_command

from accounts import backups
from sessions_app.management.arguments import secret_file
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.audits import IntegrityCheck
from sessions_app.services.store import (
    ACCOUNTS,
    archive_open,
    restore_begin,
    restore_finish,
    restore_is_begun,
    restore_write,
)

# Whom `serve` makes at the first start.
FIRST_ACCOUNT = "admin"


class Command(OperatorCommand):
    help = (
        "Put a backup that `backup` has written into a new installation, which runs no service "
        "yet, and check its integrity. Refuses a store or accounts that are in use. A run that "
        "was stopped is gone on with by the same command. Exit 1 if the check finds anything."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("directory", type=Path, metavar="DIR", help="what backup has written")
        parser.add_argument(
            "--key-file",
            type=secret_file,
            dest="secret",
            metavar="FILE",
            help="what the backup was encrypted with",
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        started = time.monotonic()
        archive = archive_open(directory=options["directory"], secret=options["secret"])
        call_command("migrate", interactive=False, verbosity=0)
        if not restore_is_begun(archive=archive):
            backups.check_unused(FIRST_ACCOUNT)
        restore_begin(archive=archive)
        with self.progress("documents", archive.documents) as show:
            restore_write(archive=archive, progress=show)
        check = IntegrityCheck(repair=False)
        check.restart()
        with self.progress("sessions checked", None) as show:
            findings = list(check.run(show))
        # Last: until then the same command goes on, as nobody has an account.
        rows = backups.load(archive.contents(ACCOUNTS))
        restore_finish(archive=archive)
        return {
            "taken_at": archive.manifest.taken_at,
            "documents": archive.documents,
            "accounts_rows": rows,
            "sessions_checked": check.reached.checked,
            "findings": [
                f"{each.finding.session_id}: {each.finding.damage.value} ({each.finding.detail})"
                for each in findings
            ],
            "seconds": round(time.monotonic() - started, 3),
        }, not findings

    def describe(self, result: Mapping[str, Any]) -> str:
        closing = (
            f"{result['documents']:,} documents and {result['accounts_rows']:,} rows of accounts "
            f"as of {result['taken_at']}; {result['sessions_checked']:,} sessions checked, "
            f"{len(result['findings'])} findings; {result['seconds']:,.1f} seconds"
        )
        return "\n".join([*result["findings"], closing])
