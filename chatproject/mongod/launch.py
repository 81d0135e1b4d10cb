"""Starts the embedded `mongod`: chooses a port, starts a keeper, waits for a primary."""

import json
import subprocess
import sys
from pathlib import Path

from chatproject.mongod import binary as mongod_binary
from chatproject.mongod import diagnosis as mongod_diagnosis
from chatproject.mongod import key as mongod_key
from chatproject.mongod import record as mongod_record
from chatproject.mongod import replica_set as mongod_replica_set
from chatproject.mongod.binary import ADVICE, MongodError
from chatproject.mongod.keeper import STOP_SECONDS

_LOG_MAX_BYTES = 16 * 1024 * 1024
_ATTEMPTS = 3

# Keepers outlive the functions that start them; a collected Popen object would warn.
_keepers: list[subprocess.Popen[bytes]] = []


def reap() -> None:
    """Collect the exit codes of keepers that have ended, so that they do not stay as zombies."""
    _keepers[:] = [keeper for keeper in _keepers if keeper.poll() is None]


def launch(data_dir: Path) -> str:
    """Start a keeper with `mongod` under `data_dir`, record it, and return its address.

    The caller holds the users' lock, shared, and the lock on starting.

    Raises:
        MongodError: it did not start.
    """
    binary = mongod_binary.find()
    record = mongod_record.read(data_dir)
    # The last port, if it is free: the replica set's configuration names its member by it.
    port = record.port if record else 0
    for _ in range(_ATTEMPTS):
        if not (port and mongod_replica_set.is_free(port)):
            port = mongod_replica_set.choose_port()
        if _launched(data_dir, binary, port):
            return mongod_replica_set.uri(port, mongod_key.read(data_dir))
    raise MongodError("other programs keep taking the ports that mongod tries; start again")


def _launched(data_dir: Path, binary: Path, port: int) -> bool:
    """False if another program took `port` first."""
    dbpath = mongod_record.dbpath(data_dir)
    dbpath.mkdir(mode=0o700, exist_ok=True)
    log, offset = _open_log(data_dir)
    key = mongod_key.read_or_create(data_dir)
    command = mongod_replica_set.arguments(binary, dbpath, port)
    command += ["--keyFile", str(mongod_key.path(data_dir))]
    # Without this, whoever comes first from this machine may make a user with all rights.
    command += ["--setParameter", "enableLocalhostAuthBypass=false"]
    keeper = _start_keeper(data_dir, log, command)
    try:
        pid = _pid(keeper, binary)
        is_primary = mongod_replica_set.make_primary(
            dbpath, port, alive=lambda: keeper.poll() is None, key=key
        )
        if is_primary:
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
    """The log, and the offset at which this start's part begins. A long log is rotated first."""
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
            # A Ctrl-C in the terminal must not reach the database: its users stop first.
            start_new_session=True,
        )
    _keepers.append(keeper)
    return keeper


def _pid(keeper: subprocess.Popen[bytes], binary: Path) -> int:
    assert keeper.stdout is not None  # noqa: S101 - stdout is a pipe
    with keeper.stdout as answers:
        answer = json.loads(answers.readline() or '{"error": "its keeper did not start"}')
    if "error" in answer:
        raise MongodError(f"{binary} cannot be run ({answer['error']}); {ADVICE}")
    return int(answer["pid"])
