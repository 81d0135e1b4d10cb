"""A real sharded cluster of MongoDB's own processes: a configuration server and two shards.

The package brings `mongod` but no `mongos`. What a `mongos` tells a cluster to do, `router.py`
tells it here, with the cluster's own internal commands.
"""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

from pymongo import MongoClient

from chatproject.mongod import binary as mongod_binary
from chatproject.mongod import replica_set as mongod_replica_set
from chatproject.processes import parent_death
from tests.waiting import started, wait_until

Client = MongoClient[dict[str, Any]]
MAJORITY = {"w": "majority"}
SHARDS = ("shard-a", "shard-b")


@dataclass(frozen=True)
class Member:
    """A replica set of one."""

    name: str
    port: int
    client: Client


@dataclass(frozen=True)
class Cluster:
    configuration: Member
    shards: dict[str, Member]

    def chunks(self, namespace: str) -> list[dict[str, Any]]:
        """Who owns which range of hashes, as the configuration server has it."""
        config = self.configuration.client.config
        collection = config.collections.find_one({"_id": namespace})
        return list(config.chunks.find({"uuid": collection["uuid"]})) if collection else []


@contextmanager
def running(directory: Path) -> Iterator[Cluster]:
    """The cluster, its shards added."""
    with ExitStack() as stack:
        # All start before one of them is waited for.
        config = stack.enter_context(_member(directory, "config", "--configsvr"))
        shards = {
            name: stack.enter_context(_member(directory, name, "--shardsvr")) for name in SHARDS
        }
        _make_primary(config, is_config=True)
        for shard in shards.values():
            _make_primary(shard, is_config=False)
        for name, shard in shards.items():
            config.client.admin.command(
                {
                    "_configsvrAddShard": f"{name}/127.0.0.1:{shard.port}",
                    "name": name,
                    "writeConcern": MAJORITY,
                }
            )
        yield Cluster(config, shards)


@contextmanager
def _member(directory: Path, name: str, role: str) -> Iterator[Member]:
    port = mongod_replica_set.choose_port()
    dbpath = directory / name
    dbpath.mkdir()
    command = [
        str(mongod_binary.find()), "--dbpath", str(dbpath), "--port", str(port),
        "--bind_ip", "127.0.0.1", "--replSet", name, "--nounixsocket", "--quiet",
        "--oplogSize", "64", "--wiredTigerCacheSizeGB", "0.25", role,
        "--setParameter", "enableTestCommands=1",
        # A change stream over all shards is as far as the one that says least often where it is.
        "--setParameter", "periodicNoopIntervalSecs=1",
    ]  # fmt: skip
    with (
        (directory / f"{name}.log").open("ab") as log,
        started(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=parent_death.following(SIGKILL),
        ),
    ):
        client: Client = MongoClient(
            "127.0.0.1", port, directConnection=True, serverSelectionTimeoutMS=60_000
        )
        with client:
            yield Member(name, port, client)


def _make_primary(of: Member, *, is_config: bool) -> None:
    members = [{"_id": 0, "host": f"127.0.0.1:{of.port}"}]
    config = {"_id": of.name, "members": members, **({"configsvr": True} if is_config else {})}
    of.client.admin.command("replSetInitiate", config)
    wait_until(lambda: of.client.admin.command("hello")["isWritablePrimary"])
