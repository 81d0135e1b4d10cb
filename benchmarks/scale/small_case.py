"""The small case: what each request costs by itself, and what all of them in a mix really took."""

import itertools
import random
import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.harness import conversations, load, report, service, store
from benchmarks.scale.assumptions import Load
from benchmarks.scale.model import APPEND, LIST, READ, WINDOW, Cost, Stored, mix
from sessions_app.services import sessions

WORDS = 60  # of the mean message
CONNECTIONS = 8
_STATUS = {APPEND: 201, WINDOW: 200, READ: 200, LIST: 200}


@dataclass
class Talks:
    """Users with a session each, and requests about them; each append goes on with the talk."""

    users: Sequence[service.User]
    session_ids: Sequence[str]
    _numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1_000))

    def requests(self, kind: str, number: int) -> list[str]:
        """`number` requests of one kind, over all sessions in turn."""
        pairs = itertools.cycle(zip(self.users, self.session_ids, strict=True))
        return [self._make(kind, *pair) for pair in itertools.islice(pairs, number)]

    def mixed(self, turns: int, stated: Load) -> list[str]:
        """Whole turns in the load's mix: what is not a whole number comes now and then."""
        chance = random.Random(11)
        pairs = itertools.cycle(zip(self.users, self.session_ids, strict=True))
        return [
            self._make(kind, *pair)
            for pair in itertools.islice(pairs, turns)
            for kind in _turn(stated, chance)
        ]

    def _make(self, kind: str, user: service.User, session_id: str) -> str:
        number = next(self._numbers)
        path = f"/session/{session_id}"
        if kind == APPEND:
            draft = conversations.drafts(number, number, words=WORDS)[0]
            body = {"role": draft.role.value, "content": draft.content}
            key = {"Idempotency-Key": f"sent-{number}"}
            return load.request("POST", f"{path}/message", token=user.token, body=body, headers=key)
        path = {WINDOW: f"{path}/context", READ: path, LIST: "/session"}[kind]
        return load.request("GET", path, token=user.token)


def _turn(stated: Load, chance: random.Random) -> Iterator[str]:
    """The question, the window, the answer, and the readings that fall into this turn."""
    yield from (APPEND, WINDOW, APPEND)
    for kind, number in mix(stated).items():
        if kind in (READ, LIST) and chance.random() < number:
            yield kind


def unit_costs(served: service.Served, talks: Talks, number: int, rounds: int) -> dict[str, Cost]:
    """Each kind by itself, in rounds. A window follows two appends, as it does in a turn."""
    spent: dict[str, list[tuple[float, float]]] = {}
    for place in range(rounds + 1):
        for kind in (APPEND, WINDOW, READ, LIST):
            if kind == WINDOW:
                served.run(talks.requests(APPEND, 2 * number), connections=4, expected={201})
            outcome = served.run(
                talks.requests(kind, number), connections=CONNECTIONS, expected={_STATUS[kind]}
            )
            if place:
                spent.setdefault(kind, []).append((outcome.worker_cpu_ms, outcome.mongod_cpu_ms))
    return {
        kind: Cost(
            worker_ms=sum(worker for worker, _ in taken) / len(taken),
            mongod_ms=sum(mongod for _, mongod in taken) / len(taken),
            bytes_out=_answer_bytes(talks, kind, served.client.port),
        )
        for kind, taken in spent.items()
    }


def _answer_bytes(talks: Talks, kind: str, port: int) -> float:
    """The mean answer, headers included."""
    sizes = []
    for raw in talks.requests(kind, 20):
        closing = raw.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n", 1).encode()
        with socket.create_connection((load.HOST, port), timeout=30) as connection:
            connection.sendall(closing)
            sizes.append(sum(map(len, iter(lambda c=connection: c.recv(65_536), b""))))
    return sum(sizes) / len(sizes)


# Where the next session's messages begin: the same text twice would be compressed away.
_beginnings = itertools.count(1_000_000, 1_000)


def fill(number: int, messages: int) -> Talks:
    """So many users, each with a session of so many messages, no two of them alike."""
    report.progress(f"{number:,} sessions of {messages} messages …")
    users = service.users(number)
    return Talks(users, [_create(one.id, messages) for one in users])


def _create(user_id: str, messages: int) -> str:
    first = next(_beginnings)
    history = conversations.drafts(first, first + messages - 1, words=WORDS)
    draft = sessions.SessionDraft(history=history)
    made = sessions.session_create(user_id=user_id, draft=draft, now=conversations.now())
    return made.session_id


_COLLECTIONS = ("sessions", "message_buckets", "message_annotations")


@dataclass(frozen=True)
class Files:
    """Sizes in bytes, and how much is in them."""

    kept: int
    derived: int
    indexes: int
    documents: int
    session_count: int
    messages: int


def files(client: store.Client) -> Files:
    """What the store's files take now. Empty ones take some pages, too."""
    client.admin.command("fsync")  # a checkpoint: the files hold everything from now on
    database = client[store.DATABASE]
    stats = {name: database.command("collStats", name) for name in _COLLECTIONS}
    counted = database["sessions"].aggregate(
        [{"$group": {"_id": None, "messages": {"$sum": "$message_count"}}}]
    )
    return Files(
        kept=_used(stats["sessions"]) + _used(stats["message_buckets"]),
        derived=_used(stats["message_annotations"]),
        indexes=sum(one["totalIndexSize"] for one in stats.values()),
        documents=sum(one["size"] for one in stats.values()),
        session_count=stats["sessions"]["count"],
        messages=sum(one["messages"] for one in counted),
    )


def _used(stats: Mapping[str, int]) -> int:
    """Without the gaps that rewritten documents have left, which the next ones fill."""
    return stats["storageSize"] - stats["freeStorageSize"]


def stored(empty: Files, filled: Files, used: Files) -> Stored:
    """Bytes per message.

    `filled` is after sessions were stored that nobody used since, `used` after others had gone
    through turns and windows: these leave gaps in the files, and what is derived from messages.
    """
    messages = used.messages - filled.messages
    count = used.session_count - filled.session_count
    return Stored(
        message_bytes=(used.kept - empty.kept) / used.messages,
        index_bytes=(filled.indexes - empty.indexes) / filled.messages,
        derived_bytes=(used.derived - filled.derived) / messages,
        warm_session_bytes=(used.documents - filled.documents) / count,
    )


def windows(served: service.Served, talks: Talks) -> None:
    """Plan every session's window once, which derives what its messages lack."""
    requests = talks.requests(WINDOW, len(talks.session_ids))
    served.run(requests, connections=4, expected={200})
