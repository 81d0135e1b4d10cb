"""`manage.py backup`."""

import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accounts import backups
from sessions_app.management.arguments import secret_file
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.store import (
    ACCOUNTS,
    backup_complete,
    backup_open,
    backup_write,
    document_count,
)


class Command(OperatorCommand):
    help = (
        "Write everything that is stored, accounts included, into DIR, as it is at one moment near "
        "the end of the run. Safe beside a live service, which goes on writing. A run that was "
        "stopped is gone on with by the same command. The secrets of the settings are not in it. "
        "Needs MongoDB 5.0 or newer."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("directory", type=Path, metavar="DIR", help="an empty directory")
        parser.add_argument(
            "--key-file",
            type=secret_file,
            dest="secret",
            metavar="FILE",
            help="encrypt, with what this file holds; restore needs the same",
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        started = time.monotonic()
        archive = backup_open(directory=options["directory"], secret=options["secret"])
        if not archive.manifest.complete:
            with self.progress("documents", document_count()) as show:
                taken_at = backup_write(archive=archive, progress=show)
            for content, rows in backups.dump():
                archive.add(ACCOUNTS, content, records=rows)
            backup_complete(archive=archive, taken_at=taken_at)
        return {
            "directory": str(options["directory"]),
            "taken_at": archive.manifest.taken_at,
            "documents": archive.documents,
            "accounts_rows": archive.records(ACCOUNTS),
            "bytes": archive.size(),
            "encrypted": archive.manifest.salt is not None,
            "seconds": round(time.monotonic() - started, 3),
        }, True

    def describe(self, result: Mapping[str, Any]) -> str:
        encrypted = ", encrypted" if result["encrypted"] else ""
        return (
            f"{result['documents']:,} documents and {result['accounts_rows']:,} rows of accounts "
            f"as of {result['taken_at']}, in {result['bytes']:,} bytes{encrypted}; "
            f"{result['seconds']:,.1f} seconds"
        )
