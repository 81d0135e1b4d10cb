"""A router for tests in place of `mongos`: real shards behind it, and a record of who was asked.

It passes a command on to the one shard that owns what the command selects, by the chunks of the
real configuration server and MongoDB's own hash. A command that does not say its shard key goes to
all of them, and their answers are merged (`scattered.py`).
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
from tests.sharding.scattered import Scattered, Stream

_HELLO = {
    "ismaster": True, "isWritablePrimary": True, "msg": "isdbgrid", "maxBsonObjectSize": 16_777_216,
    "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000, "minWireVersion": 0,
    "maxWireVersion": 17, "logicalSessionTimeoutMinutes": 30, "ok": 1.0,
}  # fmt: skip
# These concern what a collection is, which every shard that has some of it knows.
_OF_A_DATABASE = {"create", "listIndexes", "listCollections", "dropDatabase"}
_SHARD_SECONDS = 30
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
        self._cursors: dict[int, str] = {}
        self._streams: dict[int, Stream] = {}
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        shards = _Shards(self.cluster, self._streams)
        with suppress(OSError), connection:
            while raw := wire.receive(connection):
                connection.sendall(self._answer(wire.parse(raw), shards))
        shards.close()

    def _answer(self, received: wire.Received, shards: "_Shards") -> bytes:
        command = received.command
        if received.name.lower() in {"hello", "ismaster"}:
            return wire.answer(received, _HELLO | {"localTime": datetime.now(UTC)})
        if received.name == "endSessions":
            return wire.answer(received, {"ok": 1.0})
        if received.name in {"enableSharding", "shardCollection", "createIndexes"}:
            self.administered.append({k: v for k, v in command.items() if k not in _BOOKKEEPING})
            try:
                return wire.answer(received, self._administer(received.name, command))
            except OperationFailure as error:
                return wire.answer(received, {"ok": 0.0, **(error.details or {})})
        if received.name in {"getMore", "killCursors"}:
            return self._go_on(received, shards)
        if _is_stream(command):
            opened = shards.scattered.open_stream(command, sorted(self.cluster.shards))
            return wire.answer(received, opened)
        if received.name in _OF_A_DATABASE:
            return self._passed_on(received, min(self.cluster.shards), shards)
        owners = self._owners(received)
        if len(owners) == 1:
            return self._passed_on(received, min(owners), shards)
        places = self._places(received) if received.name == "insert" else dict.fromkeys(owners, ())
        return wire.answer(received, shards.scattered.answer(command, places))

    def _passed_on(self, received: wire.Received, name: str, shards: "_Shards") -> bytes:
        answer = shards.send(name, received.raw)
        cursor = wire.parse(answer).command.get("cursor")
        if cursor:
            self._cursors[cursor["id"]] = name
        return answer

    def _go_on(self, received: wire.Received, shards: "_Shards") -> bytes:
        """More of a cursor, or its end, on the shard that has it."""
        command, scattered = received.command, shards.scattered
        number = command["getMore"] if received.name == "getMore" else command["cursors"][0]
        if not scattered.is_stream(number):
            return self._passed_on(received, self._cursors[number], shards)
        streamed = (
            scattered.more_of_stream(command)
            if received.name == "getMore"
            else scattered.end_streams(command)
        )
        return wire.answer(received, streamed)

    def _places(self, received: wire.Received) -> dict[str, list[int]]:
        """Which documents of an insert belong to which shard."""
        command = received.command
        key = self._keys[f"{command['$db']}.{received.collection}"]
        places: dict[str, list[int]] = {}
        for place, document in enumerate(command["documents"]):
            owner = self._owner(command, received, document[key])
            places.setdefault(owner, []).append(place)
        return places

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


class _Shards:
    """The connections to the shards of one client's connection."""

    def __init__(self, cluster: Cluster, streams: dict[int, Stream]) -> None:
        self._cluster = cluster
        self._sockets: dict[str, socket.socket] = {}
        self.scattered = Scattered(self._ask, streams)

    def send(self, name: str, raw: bytes) -> bytes:
        """What a shard answers to a message."""
        if name not in self._sockets:
            address = ("127.0.0.1", self._cluster.shards[name].port)
            self._sockets[name] = socket.create_connection(address, timeout=_SHARD_SECONDS)
        self._sockets[name].sendall(raw)
        return wire.receive(self._sockets[name])

    def close(self) -> None:
        for each in self._sockets.values():
            each.close()

    def _ask(self, name: str, command: dict[str, Any]) -> dict[str, Any]:
        return wire.parse(self.send(name, wire.request(command))).command


def _is_stream(command: dict[str, Any]) -> bool:
    pipeline = command.get("pipeline") or [{}]
    return "$changeStream" in pipeline[0]


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
