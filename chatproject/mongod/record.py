"""The record of the running embedded `mongod`, in `DATA_DIR/mongod.json`."""

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
    """A `mongod` that was ready: its process, its keeper's process, and its port."""

    pid: int
    keeper: int
    port: int

    def is_running(self, data_dir: Path) -> bool:
        """Whether both processes still run.

        A process is recognised by its command line: a start time changes when the clock is set,
        and the kernel gives a process id to another program later.
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
    """The record, even if its processes have ended; None if there is none."""
    try:
        return Record(**json.loads((data_dir / NAME).read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write(data_dir: Path, record: Record) -> None:
    """Replace the record atomically."""
    draft = data_dir / f"{NAME}.{os.getpid()}"
    draft.write_text(json.dumps(asdict(record)))
    draft.replace(data_dir / NAME)


def leftovers(data_dir: Path) -> list[psutil.Process]:
    """Every embedded `mongod` that has these database files open, recorded or not."""
    pids = {record.pid for record in [read(data_dir)] if record}
    with suppress(OSError, ValueError):
        pids.add(int((dbpath(data_dir) / "mongod.lock").read_text()))
    marks = (str(dbpath(data_dir)), *mongod_replica_set.MARKS)
    return [psutil.Process(pid) for pid in pids if _runs_with(pid, *marks)]


def _runs_with(pid: int, *marks: str) -> bool:
    try:
        # A zombie has an empty command line, so it counts as ended.
        return set(marks) <= set(psutil.Process(pid).cmdline())
    except psutil.Error:
        return False
