"""A `mongod` on a loopback port as a replica set of one: how it is called, and made primary."""

import random
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from chatproject.mongod.binary import MongodError

SET_NAME = "rs0"
HOST = "127.0.0.1"
START_SECONDS = 60.0
# Below the range the kernel hands out for outgoing connections, so that none of those takes it.
PORTS = range(20_000, 30_000)
# There is no second member to hand over to, so waiting for one only delays the stop. Nobody writes
# this by hand, so it also tells our `mongod` from one that somebody started on the same files.
MARKS = ("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100")
NOT_YET_INITIALIZED = 94


def uri(port: int) -> str:
    """The address of the `mongod` on `port`; direct, because the set has no other member."""
    return f"mongodb://{HOST}:{port}/?directConnection=true"


def arguments(binary: Path, dbpath: Path, port: int, *, cache_gb: float = 0.5) -> list[str]:
    """The command line of an embedded `mongod`; it logs to its standard output."""
    return [
        str(binary), "--dbpath", str(dbpath), "--port", str(port), "--bind_ip", HOST,
        "--replSet", SET_NAME, "--nounixsocket", "--quiet", "--oplogSize", "256",
        "--wiredTigerCacheSizeGB", str(cache_gb),
        "--setParameter", "diagnosticDataCollectionEnabled=false", *MARKS,
    ]  # fmt: skip


def is_free(port: int) -> bool:
    """Whether nothing listens on the loopback `port`, found out by listening there for a moment."""
    with socket.socket() as probe:
        # A closed listener's connections linger in TIME_WAIT; they are no reason to move.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something listens on the loopback `port`; unlike `is_free`, never in its way."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def choose_port() -> int:
    """A free port, at random, so that two that start together seldom meet."""
    for port in random.sample(PORTS, 200):
        if is_free(port):
            return port
    raise MongodError(f"no free port between {PORTS.start} and {PORTS.stop} for mongod")


def make_primary(dbpath: Path, port: int, *, alive: Callable[[], bool]) -> bool:
    """Wait for the `mongod` of `dbpath` on `port`, form its set, and wait until it takes writes.

    Returns False when `alive` turned false first.

    Raises:
        MongodError: it did not get there in time.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not alive():
            return False
        if answers(port) and _take_part(dbpath, port):
            return True
        time.sleep(0.02)
    raise MongodError(
        f"mongod did not become ready within {START_SECONDS:.0f} seconds; see "
        f"{dbpath.with_name('mongod.log')}, free memory or disk, and start again"
    )


def _take_part(dbpath: Path, port: int) -> bool:
    """One step towards a primary; True when it is one."""
    options: dict[str, Any] = {"directConnection": True, "serverSelectionTimeoutMS": 1_000}
    client: MongoClient[dict[str, Any]] = MongoClient(HOST, port, **options)
    try:
        with client:
            started = client.admin.command("getCmdLineOpts")["parsed"]
            if started["storage"]["dbPath"] != str(dbpath):
                return False  # somebody else was faster to take the port
            _settle(client, f"{HOST}:{port}")
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        # Not listening yet, or between two states: what counts is where it stands at the deadline.
        return False


def _settle(client: MongoClient[dict[str, Any]], address: str) -> None:
    """Have the set's only member known by `address`, whatever port it had before."""
    member = {"_id": 0, "host": address}
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        client.admin.command("replSetInitiate", {"_id": SET_NAME, "members": [member]})
        return
    if [each["host"] for each in config["members"]] != [address]:
        # The member is not in its own configuration, hence cannot be primary: only force helps.
        config = {**config, "members": [member], "version": config["version"] + 1}
        client.admin.command("replSetReconfig", config, force=True)
