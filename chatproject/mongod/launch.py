"""One start of the embedded `mongod`, from the choice of a port to a primary that takes writes."""

import json
import subprocess
import sys
from pathlib import Path

from chatproject.mongod import binary as mongod_binary
from chatproject.mongod import diagnosis as mongod_diagnosis
from chatproject.mongod import record as mongod_record
from chatproject.mongod import replica_set as mongod_replica_set
from chatproject.mongod.binary import ADVICE, MongodError
from chatproject.mongod.keeper import STOP_SECONDS

_LOG_MAX_BYTES = 16 * 1024 * 1024
_ATTEMPTS = 3

# Keepers outlive the code that started them, and Popen objects must not be collected before.
_keepers: list[subprocess.Popen[bytes]] = []


def reap() -> None:
    """Take note of keepers of this process that have ended, lest they stay as zombies."""
    _keepers[:] = [keeper for keeper in _keepers if keeper.poll() is None]


def launch(data_dir: Path) -> str:
    """Start `mongod` under `data_dir` by way of a keeper, record it, and return its address.

    The caller holds the users' lock, shared, and the lock on starting.

    Raises:
        MongodError: it did not start.
    """
    binary = mongod_binary.find()
    known = mongod_record.read(data_dir)
    # The same port as last time if it can be had, since the replica set knows its member by it.
    port = known.port if known else 0
    for _ in range(_ATTEMPTS):
        if not (port and mongod_replica_set.is_free(port)):
            port = mongod_replica_set.choose_port()
        if _launched(data_dir, binary, port):
            return mongod_replica_set.uri(port)
    raise MongodError("other programs keep taking the ports that mongod tries; start again")


def _launched(data_dir: Path, binary: Path, port: int) -> bool:
    """False when somebody else took `port` first."""
    dbpath = mongod_record.dbpath(data_dir)
    dbpath.mkdir(mode=0o700, exist_ok=True)
    log, offset = _open_log(data_dir)
    keeper = _start_keeper(data_dir, log, mongod_replica_set.arguments(binary, dbpath, port))
    try:
        pid = _pid(keeper, binary)
        if mongod_replica_set.make_primary(dbpath, port, alive=lambda: keeper.poll() is None):
            mongod_record.write(data_dir, mongod_record.Record(pid, keeper.pid, port))
            return True
    except BaseException:
        keeper.terminate()
        keeper.wait(STOP_SECONDS + 5)
        raise
    if keeper.returncode == mongod_diagnosis.ADDRESS_IN_USE:
        return False
    raise MongodError(
        mongod_diagnosis.explain(
            code=keeper.returncode, binary=binary, dbpath=dbpath, log=log, offset=offset
        )
    )


def _open_log(data_dir: Path) -> tuple[Path, int]:
    """The log and where this start's part begins; a long one is put aside first."""
    log = data_dir / "mongod.log"
    if log.exists() and log.stat().st_size > _LOG_MAX_BYTES:
        log.replace(data_dir / "mongod.log.1")
    log.touch(mode=0o600)
    return log, log.stat().st_size


def _start_keeper(data_dir: Path, log: Path, command: list[str]) -> subprocess.Popen[bytes]:
    users = str(mongod_record.users_lock(data_dir))
    with log.open("ab") as output:
        keeper = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, "-m", "chatproject.mongod.keeper", users, *command],
            cwd=Path(__file__).resolve().parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            # A Ctrl-C in the terminal must reach the server first, and the database not at all.
            start_new_session=True,
        )
    _keepers.append(keeper)
    return keeper


def _pid(keeper: subprocess.Popen[bytes], binary: Path) -> int:
    assert keeper.stdout is not None  # noqa: S101 - PIPE was asked for
    with keeper.stdout as answers:
        answer = json.loads(answers.readline() or '{"error": "its keeper did not start"}')
    if "error" in answer:
        raise MongodError(f"{binary} cannot be run ({answer['error']}); {ADVICE}")
    return int(answer["pid"])
