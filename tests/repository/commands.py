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
    """A command, and the functions of the repository that it came through, the innermost last."""

    path: tuple[str, ...]
    name: str
    command: dict[str, Any]

    @property
    def sender(self) -> str:
        return self.path[-1] if self.path else "elsewhere"

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


@dataclass(frozen=True)
class Inserted:
    """Documents that were inserted, and the functions of the repository that they came through."""

    path: tuple[str, ...]
    collection: str
    documents: list[dict[str, Any]]


class Recorder(CommandListener):
    """Keeps the queries sent while it is switched on."""

    def __init__(self) -> None:
        self.on = False
        self.sent: list[Sent] = []
        self.inserted: list[Inserted] = []

    def started(self, event: CommandStartedEvent) -> None:
        if self.on and event.command_name in QUERIES:
            path, command, several = _path(), dict(event.command), f"{event.command_name}s"
            # `explain` takes a batch of one.
            for one in command.get(several, [None]):
                alone = command if one is None else {**command, several: [one]}
                self.sent.append(Sent(path, event.command_name, alone))
        if self.on and event.command_name == "insert":
            documents = [dict(document) for document in event.command["documents"]]
            self.inserted.append(Inserted(_path(), event.command["insert"], documents))

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...


def _path() -> tuple[str, ...]:
    """The functions of the repository that a command comes through, as in `log.pages.header`."""
    frames = traceback.extract_stack()
    return tuple(
        f"{module(Path(frame.filename))}.{frame.name}"
        for frame in frames
        # A comprehension is part of its function.
        if not frame.name.startswith("<")
        and Path(frame.filename).is_relative_to(REPOSITORY)
        and Path(frame.filename).stem != "failures"
    )


def module(path: Path) -> str:
    """A file of the repository by its name in there, as in `log.pages`."""
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts)


recorder = Recorder()
