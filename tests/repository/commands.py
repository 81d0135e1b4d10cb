"""Recording what the driver sends, and who in the repository had it sent."""

import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

from sessions_app import repository

REPOSITORY = Path(repository.__path__[0])
QUERIES = {"find", "update", "delete", "findAndModify", "aggregate", "count"}
# What the driver adds for its own bookkeeping; `explain` takes none of it.
BOOKKEEPING = {
    "lsid", "txnNumber", "$db", "$readPreference", "writeConcern", "readConcern", "autocommit",
    "startTransaction", "$clusterTime", "maxTimeMS", "ordered", "batchSize", "singleBatch",
}  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """A command, and the repository function that sent it."""

    sender: str
    name: str
    command: dict[str, Any]

    @property
    def collection(self) -> str:
        return str(self.command[self.name])

    @property
    def filters(self) -> list[dict[str, Any]]:
        """What the command selects by."""
        if self.name in {"update", "delete"}:
            return [one["q"] for one in self.command[f"{self.name}s"]]
        if self.name == "aggregate":
            return [self.command["pipeline"][0]["$match"]]
        return [self.command.get("filter") or self.command.get("query") or {}]

    def explainable(self) -> dict[str, Any]:
        return {name: value for name, value in self.command.items() if name not in BOOKKEEPING}


class Recorder(CommandListener):
    """Keeps the queries sent while it is switched on."""

    def __init__(self) -> None:
        self.on = False
        self.sent: list[Sent] = []

    def started(self, event: CommandStartedEvent) -> None:
        if self.on and event.command_name in QUERIES:
            sender, command, several = _sender(), dict(event.command), f"{event.command_name}s"
            # `explain` takes a batch of one.
            for one in command.get(several, [None]):
                alone = command if one is None else {**command, several: [one]}
                self.sent.append(Sent(sender, event.command_name, alone))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def _sender() -> str:
    """The innermost function of the repository, as in `log.pages.header`."""
    for frame in reversed(traceback.extract_stack()):
        path = Path(frame.filename)
        if frame.name.startswith("<"):  # a comprehension is part of its function
            continue
        if path.is_relative_to(REPOSITORY) and path.stem != "failures":
            return f"{module(path)}.{frame.name}"
    return "elsewhere"


def module(path: Path) -> str:
    """A file of the repository by its name in there, as in `log.pages`."""
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


recorder = Recorder()
