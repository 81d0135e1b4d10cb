"""Which collections of a test's database may hold something, from the commands that were sent."""

from typing import Any

from pymongo.monitoring import (
    CommandFailedEvent,
    CommandListener,
    CommandStartedEvent,
    CommandSucceededEvent,
)

WRITES = {"insert", "update", "delete", "findAndModify"}
READS = {
    "abortTransaction", "aggregate", "collStats", "commitTransaction", "count", "dbStats",
    "distinct", "endSessions", "explain", "find", "getMore", "hello", "killCursors",
    "listCollections", "listIndexes", "ping",
}  # fmt: skip


class ChangedCollections(CommandListener):
    """Remembers what was written since the last `forget`.

    Emptying every collection and comparing every index before each test costs more than most tests
    do: forty commands, of which usually three are needed.
    """

    def __init__(self) -> None:
        self.names: set[tuple[str, str]] = set()
        # Collections or indexes were made or dropped, or somebody else has written.
        self.all_may_differ = True

    def started(self, event: CommandStartedEvent) -> None:
        name = event.command_name
        if name in WRITES:
            self.names.add((event.database_name, event.command[name]))
        elif name not in READS:
            self.all_may_differ = True

    def succeeded(self, event: CommandSucceededEvent) -> None: ...

    def failed(self, event: CommandFailedEvent) -> None: ...

    def of(self, database: Any) -> list[str]:
        """The names of the collections of `database` that were written."""
        return sorted(name for where, name in self.names if where == database.name)

    def forget(self, database: Any) -> None:
        """`database` is as it should be."""
        self.names = {each for each in self.names if each[0] != database.name}
        self.all_may_differ = False


changed_collections = ChangedCollections()
