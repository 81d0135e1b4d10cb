import json
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any

from sessions_app.management.operator import OperatorCommand
from sessions_app.services import operations


class Command(OperatorCommand):
    """Spreads the collections over the shards of a cluster."""

    help = (
        "Print the commands that shard the collections: sessions by their hashed id, what belongs "
        "to a session by the session's hashed id. Connected to a mongos, also run them; running "
        "them again changes nothing. With --dry-run, only print."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="print, run nothing")

    def work(self, options: Mapping[str, Any]) -> tuple[Mapping[str, Any], bool]:
        """Run the commands, unless there is no mongos or with `--dry-run`."""
        # Only a mongos knows these commands; a replica set would refuse each.
        possible = operations.sharding_possible()
        run = possible and not options["dry_run"]
        entries = []
        # One refusal does not stop the others: the report shows them all.
        for command in operations.sharding_commands():
            refused = operations.sharding_run(command) if run else None
            entries.append({"command": command, "refused": refused})
        result = {"mongos": possible, "run": run, "commands": entries}
        return result, not any(entry["refused"] for entry in entries)

    def describe(self, result: Mapping[str, Any]) -> str:
        """The commands as lines for mongosh, with the refusals."""
        lines = [_line(**entry) for entry in result["commands"]]
        if not result["mongos"]:
            lines.append("// not a mongos: nothing was run")
        elif not result["run"]:
            lines.append("// nothing was run")
        return "\n".join(lines)


def _line(command: Mapping[str, Any], refused: str | None) -> str:
    # Indexes are created in the database, sharding is an admin command.
    where = "db" if "createIndexes" in command else 'db.getSiblingDB("admin")'
    line = f"{where}.runCommand({json.dumps(command)})"
    return f"{line}  // refused: {refused}" if refused else line
