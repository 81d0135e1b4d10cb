"""Three `mongod` processes as a replica set, to be killed, frozen and started again."""

import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from chatproject.mongod import binary as mongod_binary
from chatproject.mongod import replica_set as mongod_replica_set
from chatproject.processes import parent_death
from tests.waiting import PATIENCE

HOST = mongod_replica_set.HOST
START_SECONDS = 60


@dataclass
class Member:
    """One `mongod`, which keeps its port and its files through deaths."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        dbpath = self.directory / "db"
        dbpath.mkdir(parents=True, exist_ok=True)
        command = mongod_replica_set.arguments(
            mongod_binary.find(), dbpath, self.port, cache_gb=0.25
        )
        with (self.directory / "mongod.log").open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=parent_death.following(signal.SIGKILL),
            )

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(PATIENCE)


@dataclass
class ReplicaSet:
    """The three, and who of them is primary."""

    members: list[Member] = field(default_factory=list)

    @property
    def uri(self) -> str:
        hosts = ",".join(member.address for member in self.members)
        return f"mongodb://{hosts}/?replicaSet={mongod_replica_set.SET_NAME}"

    def primary(self) -> Member:
        """Whoever takes writes; waits for an election."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            for member in self.members:
                if hello(member).get("isWritablePrimary"):
                    return member
            time.sleep(0.1)
        raise AssertionError("no primary was elected")

    def step_down(self) -> None:
        """Have the primary hand over to another member."""
        before = self.primary()
        with (
            MongoClient(HOST, before.port, directConnection=True) as client,
            suppress(PyMongoError),
        ):
            client.admin.command("replSetStepDown", 20, secondaryCatchUpPeriodSecs=10)

    def wait_until_whole(self) -> None:
        """Until one is primary and the other two follow it."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            states = [hello(member) for member in self.members]
            if sum(bool(state.get("isWritablePrimary")) for state in states) == 1 and (
                sum(bool(state.get("secondary")) for state in states) == 2
            ):
                return
            time.sleep(0.1)
        raise AssertionError("the replica set did not become whole again")


def hello(member: Member) -> dict[str, Any]:
    client: MongoClient[dict[str, Any]] = MongoClient(
        HOST,
        member.port,
        directConnection=True,
        serverSelectionTimeoutMS=500,
        socketTimeoutMS=500,
        connectTimeoutMS=500,
    )
    try:
        with client:
            return dict(client.admin.command("hello"))
    except PyMongoError:
        return {}


@contextmanager
def three(directory: Path, *, election_ms: int = 1_000) -> Iterator[ReplicaSet]:
    """A replica set of three; who misses a primary for so long elects another."""
    ports = set()
    while len(ports) < 3:
        ports.add(mongod_replica_set.choose_port())
    found = ReplicaSet([Member(directory / str(port), port) for port in sorted(ports)])
    try:
        for member in found.members:
            member.start()
        _initiate(found, election_ms)
        found.wait_until_whole()
        yield found
    finally:
        for member in found.members:
            member.kill()


def _initiate(found: ReplicaSet, election_ms: int) -> None:
    config = {
        "_id": mongod_replica_set.SET_NAME,
        "members": [
            {"_id": number, "host": member.address} for number, member in enumerate(found.members)
        ],
        "settings": {"electionTimeoutMillis": election_ms, "heartbeatIntervalMillis": 300},
    }
    deadline = time.monotonic() + START_SECONDS
    while not all(hello(member) for member in found.members):
        assert time.monotonic() < deadline, "the members did not start"
        time.sleep(0.1)
    with MongoClient(
        HOST, found.members[0].port, directConnection=True, serverSelectionTimeoutMS=30_000
    ) as client:
        client.admin.command("replSetInitiate", config)
