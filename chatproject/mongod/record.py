"""What is kept about the embedded `mongod` in `DATA_DIR/mongod.json`, and whether it holds."""

import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from chatproject.mongod import replica_set as mongod_replica_set

NAME = "mongod.json"


@dataclass(frozen=True)
class Record:
    """A `mongod` that was ready: its process, the process that keeps it, and its port."""

    pid: int
    keeper: int
    port: int

    def holds(self, data_dir: Path) -> bool:
        """Whether both processes are still there, and are what they were.

        A process is known by its command line: unlike its start time, that does not change with
        the clock, and unlike its number, it does not come back as somebody else's.
        """
        return _runs_with(self.pid, str(dbpath(data_dir)), str(self.port)) and _runs_with(
            self.keeper, str(users_lock(data_dir))
        )


def dbpath(data_dir: Path) -> Path:
    """Where the database files are."""
    return data_dir / "mongo"


def users_lock(data_dir: Path) -> Path:
    """Locked, shared, by every process that uses the embedded `mongod`."""
    return data_dir / "mongod.users.lock"


def read(data_dir: Path) -> Record | None:
    """The record, whether it holds or not; None when there is none that can be read."""
    try:
        return Record(**json.loads((data_dir / NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write(data_dir: Path, record: Record) -> None:
    """Replace the record in one step, so that nobody reads half of it."""
    draft = data_dir / f"{NAME}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(data_dir / NAME)


def leftovers(data_dir: Path) -> list[psutil.Process]:
    """Every `mongod` of ours that has these database files open, recorded or not."""
    pids = {record.pid for record in [read(data_dir)] if record}
    with suppress(OSError, ValueError):
        pids.add(int((dbpath(data_dir) / "mongod.lock").read_text()))
    marks = (str(dbpath(data_dir)), *mongod_replica_set.MARKS)
    return [psutil.Process(pid) for pid in pids if _runs_with(pid, *marks)]


def _runs_with(pid: int, *marks: str) -> bool:
    try:
        # A zombie has no command line: it has ended, whoever has yet to notice.
        return set(marks) <= set(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False
