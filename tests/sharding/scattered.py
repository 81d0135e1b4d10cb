"""What a `mongos` makes of a command for several shards, for the test's router.

It asks each, and merges. Reads are drained from every shard and answered in one batch, so they are
for small stores. A change stream tells events in order of their time, and only up to where every
shard has come, by the tokens that the shards give for that.
"""

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Document = dict[str, Any]
# Sends a command to a shard; its reply.
Ask = Callable[[str, Document], Document]

_BODY = {"documents", "updates", "deletes"}
# A shard's own cursors have numbers that are drawn at random: these are ours.
_stream_ids = itertools.count(1)


@dataclass
class Stream:
    """A change stream over all shards: its cursor on each, and what it is still to tell."""

    cursors: dict[str, int]
    reached: dict[str, str]
    waiting: list[Document] = field(default_factory=list)


class Scattered:
    """Asks several shards, for one connection of a client; any may go on with `streams`."""

    def __init__(self, ask: Ask, streams: dict[int, Stream]) -> None:
        self._ask, self._streams = ask, streams

    def answer(self, command: Document, owners: Mapping[str, Sequence[int]]) -> Document:
        """The merged reply. `owners` are the shards, each with the places of its documents."""
        name = next(iter(command))
        match name:
            case "find" | "aggregate":
                return self._read(command, list(owners))
            case "insert":
                return self._write(command, owners)
            case "update" | "delete":
                # Each part may concern any of them.
                parts = range(len(command.get("updates") or command["deletes"]))
                return self._write(command, dict.fromkeys(owners, parts))
            case "count":
                replies = [self._ask(shard, command) for shard in owners]
                return _latest(replies) | {"n": sum(reply["n"] for reply in replies), "ok": 1.0}
        raise NotImplementedError(f"{name} on several shards")

    def _read(self, command: Document, shards: Iterable[str]) -> Document:
        command = _at_one_time(command)
        replies, documents = [], []
        for shard in shards:
            reply = self._ask(shard, command)
            if not reply["ok"]:
                return reply
            replies.append(reply)
            documents += self._drained(shard, command, reply["cursor"])
        for name, direction in reversed(command.get("sort", {}).items()):
            documents.sort(key=lambda each, by=name: each[by], reverse=direction < 0)
        cursor = {"firstBatch": documents[: command.get("limit") or None], "id": 0,
                  "ns": replies[0]["cursor"]["ns"]}  # fmt: skip
        if "atClusterTime" in replies[0]["cursor"]:
            cursor["atClusterTime"] = replies[0]["cursor"]["atClusterTime"]
        return _latest(replies) | {"cursor": cursor, "ok": 1.0}

    def _drained(self, shard: str, command: Document, cursor: Document) -> list[Document]:
        documents = list(cursor["firstBatch"])
        while cursor["id"]:
            collection = cursor["ns"].partition(".")[2]
            more = {"getMore": cursor["id"], "collection": collection, **_context(command)}
            cursor = self._ask(shard, more)["cursor"]
            documents += cursor["nextBatch"]
        return documents

    def _write(self, command: Document, owners: Mapping[str, Sequence[int]]) -> Document:
        body = next(name for name in _BODY if name in command)
        replies, errors, counts = [], [], {"n": 0, "nModified": 0}
        for shard, places in owners.items():
            part = command | {body: [command[body][place] for place in places]}
            reply = self._ask(shard, part)
            if not reply["ok"]:
                return reply
            replies.append(reply)
            errors += [
                error | {"index": places[error["index"]]} for error in reply.get("writeErrors", ())
            ]
            for name in counts:
                counts[name] += reply.get(name, 0)
        return _latest(replies) | counts | ({"writeErrors": errors} if errors else {}) | {"ok": 1.0}

    def open_stream(self, command: Document, shards: Iterable[str]) -> Document:
        """Begin a change stream on every shard."""
        replies = {shard: self._ask(shard, command) for shard in shards}
        failed = [reply for reply in replies.values() if not reply["ok"]]
        if failed:
            return failed[0]
        stream = Stream(
            {shard: reply["cursor"]["id"] for shard, reply in replies.items()},
            {shard: _reached(reply["cursor"]) for shard, reply in replies.items()},
        )
        for reply in replies.values():
            stream.waiting += reply["cursor"]["firstBatch"]
        number = next(_stream_ids)
        self._streams[number] = stream
        namespace = next(iter(replies.values()))["cursor"]["ns"]
        cursor = {"id": number, "ns": namespace, "firstBatch": _told(stream), **_token(stream)}
        return _latest(replies.values()) | {"cursor": cursor, "ok": 1.0}

    def is_stream(self, cursor: Any) -> bool:
        """Whether a cursor is a change stream."""
        return cursor in self._streams

    def more_of_stream(self, command: Document) -> Document:
        """What all shards have to tell next."""
        number = command["getMore"]
        stream, replies = self._streams[number], []
        for shard, cursor in stream.cursors.items():
            reply = self._ask(shard, command | {"getMore": cursor})
            if not reply["ok"]:
                return reply
            replies.append(reply)
            stream.waiting += reply["cursor"]["nextBatch"]
            stream.reached[shard] = _reached(reply["cursor"])
        cursor = {"id": number, "ns": replies[0]["cursor"]["ns"], "nextBatch": _told(stream)}
        return _latest(replies) | {"cursor": cursor | _token(stream), "ok": 1.0}

    def end_streams(self, command: Document) -> Document:
        """Close change streams."""
        for number in command["cursors"]:
            for shard, cursor in self._streams.pop(number).cursors.items():
                self._ask(shard, command | {"cursors": [cursor]})
        return {"cursorsKilled": command["cursors"], "ok": 1.0}


def _at_one_time(command: Document) -> Document:
    """A snapshot is of one time on all shards; the router chooses it where the client did not."""
    concern = command.get("readConcern", {})
    if concern.get("level") != "snapshot" or "atClusterTime" in concern:
        return command
    now = command["$clusterTime"]["clusterTime"]
    return command | {"readConcern": concern | {"atClusterTime": now}}


def _context(command: Document) -> Document:
    return {name: command[name] for name in ("$db", "lsid", "$clusterTime") if name in command}


def _latest(replies: Iterable[Document]) -> Document:
    """The time up to which the shards have come, as a client is told it."""
    replies = list(replies)
    told = {}
    if all("operationTime" in reply for reply in replies):
        told["operationTime"] = max(reply["operationTime"] for reply in replies)
    times = [reply["$clusterTime"] for reply in replies if "$clusterTime" in reply]
    if times:
        told["$clusterTime"] = max(times, key=lambda time: time["clusterTime"])
    return told


def _reached(cursor: Document) -> str:
    return str(cursor["postBatchResumeToken"]["_data"])


def _token(stream: Stream) -> Document:
    return {"postBatchResumeToken": {"_data": min(stream.reached.values())}}


def _told(stream: Stream) -> list[Document]:
    """The events, in order of their time, behind which no shard can tell an earlier one."""
    # A token is in hexadecimal digits, and begins with the time.
    stream.waiting.sort(key=lambda event: str(event["_id"]["_data"]))
    end = min(stream.reached.values())
    told = [event for event in stream.waiting if str(event["_id"]["_data"]) <= end]
    stream.waiting = stream.waiting[len(told) :]
    return told
