"""A router for tests in place of `mongos`: real shards behind it, and a record of who was asked.

It passes a command on to the one shard that owns what the command selects, by the chunks of the
real configuration server and MongoDB's own hash. A command that does not say its shard key is
noted as broadcast and goes to the first shard only, so a test that relies on it must not.
"""

import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bson import MaxKey, MinKey
from pymongo.errors import OperationFailure

from tests.sharding import wire
from tests.sharding.cluster import MAJORITY, Cluster
from tests.waiting import PATIENCE

_HELLO = {
    "ismaster": True, "isWritablePrimary": True, "msg": "isdbgrid", "maxBsonObjectSize": 16_777_216,
    "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "minWireVersion": 0,
    "maxWireVersion": 17, "logicalSessionTimeoutMinutes": 30, "ok": 1.0,
}  # fmt: skip
_BOOKKEEPING = {"lsid", "$clusterTime", "$db", "$readPreference"}


@dataclass(frozen=True)
class Routed:
    """A command, the shards that own what it selects, and which of its documents says so."""

    name: str
    collection: str
    shards: frozenset[str]
    selected: tuple[str, ...]


@dataclass
class Router:
    """Serves on a loopback port of its own until it is closed."""

    cluster: Cluster
    administered: list[dict[str, Any]] = field(default_factory=list)
    routed: list[Routed] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._keys: dict[str, str] = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        shards: dict[str, socket.socket] = {}
        with suppress(OSError), connection:
            while raw := wire.receive(connection):
                connection.sendall(self._answer(wire.parse(raw), shards))
        for shard in shards.values():
            shard.close()

    def _answer(self, received: wire.Received, shards: dict[str, socket.socket]) -> bytes:
        command = received.command
        if received.name.lower() in {"hello", "ismaster"}:
            return wire.answer(received, _HELLO | {"localTime": datetime.now(UTC)})
        if received.name in {"ping", "endSessions"}:
            return wire.answer(received, {"ok": 1.0})
        if received.name in {"enableSharding", "shardCollection", "createIndexes"}:
            self.administered.append({k: v for k, v in command.items() if k not in _BOOKKEEPING})
            try:
                return wire.answer(received, self._administer(received.name, command))
            except OperationFailure as error:
                return wire.answer(received, {"ok": 0.0, **(error.details or {})})
        owners = self._owners(received)
        name = min(owners)
        if name not in shards:
            shards[name] = socket.create_connection(
                ("127.0.0.1", self.cluster.shards[name].port), PATIENCE
            )
        shards[name].sendall(received.raw)
        return wire.receive(shards[name])

    def _administer(self, name: str, command: dict[str, Any]) -> dict[str, Any]:
        """As a `mongos` does it: the configuration server, then the database's primary shard."""
        config = self.cluster.configuration.client
        first = self.cluster.shards[min(self.cluster.shards)]
        if name == "enableSharding":
            config.admin.command(
                {
                    "_configsvrCreateDatabase": command[name],
                    "primaryShardId": first.name,
                    "writeConcern": MAJORITY,
                }
            )
        elif name == "createIndexes":
            spread = f"{command['$db']}.{command[name]}" in self._keys
            for shard in self.cluster.shards.values() if spread else [first]:
                indexes = command["indexes"]
                shard.client[command["$db"]].command({name: command[name], "indexes": indexes})
        else:
            database, _, collection = command[name].partition(".")
            version = config.config.databases.find_one({"_id": database})["version"]
            first.client[database].command(
                {
                    "_shardsvrCreateCollection": collection,
                    "shardKey": command["key"],
                    "databaseVersion": version,
                    "writeConcern": MAJORITY,
                }
            )
            self._keys[command[name]] = next(iter(command["key"]))
        return {"ok": 1.0}

    def _owners(self, received: wire.Received) -> frozenset[str]:
        """The shards that own what a command selects: all of them where it does not say."""
        command = received.command
        key = self._keys.get(f"{command['$db']}.{received.collection}")
        everywhere = frozenset(self.cluster.shards)
        if key is None:
            return frozenset({min(everywhere)})
        wanted = [_values(one.get(key)) for one in _selections(command)]
        if not all(wanted):
            owners = everywhere
        else:
            values = {value for some in wanted for value in some}
            owners = frozenset(self._owner(command, received, value) for value in values)
        fields = tuple(sorted({name for one in _selections(command) for name in one}))
        self.routed.append(Routed(received.name, received.collection, owners, fields))
        return owners

    def _owner(self, command: dict[str, Any], received: wire.Received, value: str) -> str:
        namespace = f"{command['$db']}.{received.collection}"
        any_shard = self.cluster.shards[min(self.cluster.shards)].client
        hashed = any_shard.admin.command({"_hashBSONElement": value, "seed": 0})["out"]
        key = self._keys[namespace]
        return next(
            str(chunk["shard"])
            for chunk in self.cluster.chunks(namespace)
            if _reaches(chunk["min"][key], hashed) and not _reaches(chunk["max"][key], hashed)
        )


def _reaches(bound: Any, hashed: int) -> bool:
    """Whether `bound` is at or below a hash."""
    if isinstance(bound, MinKey | MaxKey):
        return isinstance(bound, MinKey)
    return bool(bound <= hashed)


def _values(wanted: Any) -> list[str]:
    """The values that a condition on the shard key lets through; none where it is no equality."""
    match wanted:
        case str():
            return [wanted]
        case {"$eq": str(one)}:
            return [one]
        case {"$in": [*some]}:
            return some
    return []


def _selections(command: dict[str, Any]) -> list[dict[str, Any]]:
    """What each part of a command selects by, or the documents that it inserts."""
    if "documents" in command:
        return list(command["documents"])
    if "updates" in command or "deletes" in command:
        return [one["q"] for one in command.get("updates") or command["deletes"]]
    if "pipeline" in command:
        return [command["pipeline"][0].get("$match", {})]
    return [command.get("filter") or command.get("query") or {}]
