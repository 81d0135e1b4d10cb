"""`manage.py shard_collections`."""

import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from sessions_app.management.operator import OperatorCommand
from sessions_app.services import operations


class Command(OperatorCommand):
    """Spreads the collections over the shards of a cluster."""

    help = (
        "Print the commands that spread the collections over the shards of a cluster: sessions by "
        "their hashed id, what belongs to a session by the session's. Against a mongos, also run "
        "them; doing so again changes nothing. With --dry-run, only print."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """`--dry-run`."""
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="print, run nothing")

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Run each unless only asked to print, or unless there is no mongos."""
        possible = operations.sharding_possible()
        run = possible and not options["dry_run"]
        done = []
        for command in operations.sharding_commands():
            refused = operations.sharding_run(command) if run else None
            done.append({"command": command, "refused": refused})
        result = {"mongos": possible, "run": run, "commands": done}
        return result, not any(one["refused"] for one in done)

    def describe(self, result: Mapping[str, Any]) -> str:
        """Lines for mongosh, and what became of them."""
        lines = [_line(**one) for one in result["commands"]]
        if not result["mongos"]:
            lines.append("// not a mongos: nothing was run")
        elif not result["run"]:
            lines.append("// nothing was run")
        return "\n".join(lines)


def _line(command: Mapping[str, Any], refused: str | None) -> str:
    where = "db" if "createIndexes" in command else 'db.getSiblingDB("admin")'
    said = f"{where}.runCommand({json.dumps(command)})"
    return f"{said}  // refused: {refused}" if refused else said
