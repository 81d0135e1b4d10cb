import time
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from sessions_app.management.arguments import positive
from sessions_app.management.operator import OperatorCommand
from sessions_app.services.store import StoreMigration, document_count

RATE = 2_000


class Command(OperatorCommand):
    """Takes stored documents to the current form."""

    help = (
        "Take every stored document to the form that this release writes, its schema_version. "
        "Beside live services of this release and the one before; run it again once the last old "
        "one has ended. What is done already is passed over, so a stopped run goes on where it "
        "was. Exit 1 if documents are left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--dry-run", action="store_true", help="change nothing; count what a run would change"
        )
        parser.add_argument(
            "--rate",
            type=positive,
            default=RATE,
            metavar="N",
            help=f"look at N documents a second at most (default {RATE:,})",
        )

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        started = time.monotonic()
        migration = StoreMigration(dry_run=options["dry_run"], per_second=options["rate"])
        with self.progress("documents", document_count()) as show:
            migration.run(show)
        return {
            "dry_run": options["dry_run"],
            "schema_version": migration.version,
            "looked_at": migration.looked_at,
            "migrated": migration.migrated.total(),
            "left": migration.left,
            "collections": migration.counts,
            "seconds": round(time.monotonic() - started, 3),
        }, not migration.left

    def describe(self, result: Mapping[str, Any]) -> str:
        would = "would be taken" if result["dry_run"] else "were taken"
        lines = [f"  {name}: {number:,}" for name, number in result["collections"].items()]
        closing = (
            f"{result['looked_at']:,} documents looked at, {result['migrated']:,} {would} to "
            f"version {result['schema_version']}, {result['left']:,} left; "
            f"{result['seconds']:,.1f} seconds"
        )
        return "\n".join([*lines, closing])
