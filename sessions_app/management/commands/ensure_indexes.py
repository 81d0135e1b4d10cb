from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from sessions_app.management.operator import OperatorCommand
from sessions_app.services import operations


class Command(OperatorCommand):
    """Creates the declared indexes, or compares with them."""

    help = (
        "Create the declared indexes that are missing; MongoDB builds them while the service runs. "
        "With --check, change nothing, and report every index that is missing, different or "
        "undeclared. Exit 1 if there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--check", action="store_true", help="compare, change nothing")

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Create missing indexes, except with `--check`; then compare."""
        if not options["check"]:
            operations.ensure_indexes()
        # Compared after creating: an index with other options is not replaced.
        differences = [
            {"collection": collection, "index": index, "problem": problem}
            for collection, index, problem in operations.index_differences()
        ]
        return {"differences": differences}, not differences

    def describe(self, result: Mapping[str, Any]) -> str:
        """One line per difference."""
        lines = [f"{d['collection']}.{d['index']}: {d['problem']}" for d in result["differences"]]
        return "\n".join(lines) or "all indexes are as declared"
