"""A `mongod` as a replica set of one member: its command line, and how it becomes primary."""

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
# Below the ports that the kernel gives to outgoing connections, so that none of those takes it.
PORTS = range(20_000, 30_000)
# There is no other member to hand over to, so waiting for one only delays the stop. People do not
# type this option, so it also tells our `mongod` from another one on the same files.
MARKS = ("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100")
NOT_YET_INITIALIZED = 94
# As which the members of a set sign in to each other, by the key file. It needs no stored user, so
# it also works on files from before there was a key, and no moment is left without a password.
_MEMBER = "__system"


def uri(port: int, key: str | None = None) -> str:
    """The address of the `mongod` on `port`; direct, because the set has no other member.

    With `key`, that of one that was started with a key file: it lets nobody else in.
    """
    if key is None:
        return f"mongodb://{HOST}:{port}/?directConnection=true"
    return (
        f"mongodb://{_MEMBER}:{key}@{HOST}:{port}/?directConnection=true"
        "&authSource=local&authMechanism=SCRAM-SHA-256"
    )


def arguments(binary: Path, dbpath: Path, port: int, *, cache_gb: float = 0.5) -> list[str]:
    """The command line of an embedded `mongod`; it logs to its standard output."""
    return [
        str(binary), "--dbpath", str(dbpath), "--port", str(port), "--bind_ip", HOST,
        "--replSet", SET_NAME, "--nounixsocket", "--quiet", "--oplogSize", "256",
        "--wiredTigerCacheSizeGB", str(cache_gb),
        "--setParameter", "diagnosticDataCollectionEnabled=false", *MARKS,
    ]  # fmt: skip


def is_free(port: int) -> bool:
    """Whether nothing listens on the loopback `port`; binds it for a moment."""
    with socket.socket() as probe:
        # Connections in TIME_WAIT do not prevent listening.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def answers(port: int) -> bool:
    """Whether something listens on the loopback `port`; never binds it."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def choose_port() -> int:
    """A random free port, so that services that start together rarely collide."""
    for port in random.sample(PORTS, 200):
        if is_free(port):
            return port
    raise MongodError(f"no free port between {PORTS.start} and {PORTS.stop} for mongod")


def make_primary(
    dbpath: Path, port: int, *, alive: Callable[[], bool], key: str | None = None
) -> bool:
    """Wait for the `mongod` on `port`, initiate its set, and wait until it accepts writes.

    Returns False if `alive` turns false first.

    Raises:
        MongodError: it took too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if not alive():
            return False
        if answers(port) and _is_primary(dbpath, port, key):
            return True
        time.sleep(0.02)
    raise MongodError(
        f"mongod did not become ready within {START_SECONDS:.0f} seconds; see "
        f"{dbpath.with_name('mongod.log')}, free memory or disk, and start again"
    )


def _is_primary(dbpath: Path, port: int, key: str | None) -> bool:
    """Whether it is primary; otherwise, initiates or corrects its set."""
    options: dict[str, Any] = {"serverSelectionTimeoutMS": 1_000}
    client: MongoClient[dict[str, Any]] = MongoClient(uri(port, key), **options)
    try:
        with client:
            started = client.admin.command("getCmdLineOpts")["parsed"]
            if started["storage"]["dbPath"] != str(dbpath):
                return False  # another service took the port first
            _configure(client, f"{HOST}:{port}")
            return bool(client.admin.command("hello").get("isWritablePrimary"))
    except PyMongoError:
        # Not listening yet, or changing its state: the caller tries again until its deadline.
        return False


def _configure(client: MongoClient[dict[str, Any]], address: str) -> None:
    """Make the set's only member have `address`; it may have had another port before."""
    member = {"_id": 0, "host": address}
    try:
        config = client.admin.command("replSetGetConfig")["config"]
    except OperationFailure as error:
        if error.code != NOT_YET_INITIALIZED:
            raise
        client.admin.command("replSetInitiate", {"_id": SET_NAME, "members": [member]})
        return
    if [known["host"] for known in config["members"]] != [address]:
        # A member missing from its own configuration cannot be primary; only `force` helps.
        config = {**config, "members": [member], "version": config["version"] + 1}
        client.admin.command("replSetReconfig", config, force=True)
