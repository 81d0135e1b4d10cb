"""What would ten million users need, and how far can that be believed?

First the small case, on this machine: what each kind of request costs workers and `mongod`, by
itself, and what a message takes on disk. From these the model predicts what a turn costs in a mixed
load, and the disk of more sessions of another length; both are then measured, and the error is
printed. Last the plan: the same costs under the load and the prices of `scale_plan.py`, and what
becomes of it when an assumption is wrong. The encoder runs: windows are `hybrid`, by default.
"""

import itertools
import random
import socket
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from benchmarks.harness import conversations, load, report, service, store
from benchmarks.scale_plan import APPEND, LIST, NOTED, READ, WINDOW, Cost, Costs, Load, Stored
from benchmarks.scale_plan import cases as planned_cases
from sessions_app.domain.drafts import SessionDraft
from sessions_app.services import sessions

MESSAGES, WORDS = 24, 60  # of a session: the load's twelve turns; of the mean message
CONNECTIONS = 8
_STATUS = {APPEND: 201, WINDOW: 200, READ: 200, LIST: 200}
_COLLECTIONS = ("sessions", "message_buckets", "message_annotations")
# Where the next session's messages begin: the same text twice would be compressed away.
_beginnings = itertools.count(1_000_000, 1_000)


def main() -> None:
    """Measure, predict, measure again, plan."""
    parser = store.arguments(__doc__)
    parser.add_argument("--sessions", type=int, help="in the small case")
    parser.add_argument("--requests", type=int, help="of each kind and round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--users", type=int, default=Load().users, help="of the plan")
    options = parser.parse_args()
    count = options.sessions or (32 if options.short else 128)
    number = options.requests or (32 if options.short else 128)
    times = options.rounds or (1 if options.short else 5)
    stated = Load(users=options.users)
    result = report.Report("scale_model")
    with store.own_store(options.dir, result) as client, service.served(client) as served:
        empty = Files.of(client)
        fill(8 * count, MESSAGES)
        filled = Files.of(client)
        talks = fill(count, MESSAGES)
        requests = unit_costs(served, talks, number, times)
        used = Files.of(client)
        costs = Costs(requests, stored_bytes(empty, filled, used))
        for kind, cost in requests.items():
            rounded = {name: round(value, 2) for name, value in asdict(cost).items()}
            result.add("cost of a request", kind=kind, **rounded)
        rounded = {name: round(value, 1) for name, value in asdict(costs.stored).items()}
        result.add("cost of storage", messages=used.messages, **rounded)
        _check_turn(result, served, talks, costs.of_a_turn(stated), stated, number, times)
        _check_disk(result, client, served, costs, count // 2)
    for case, plan in planned_cases(costs, stated).items():
        parts = plan["dollars_a_month"]
        rounded = {k: round(v, 4) if isinstance(v, float) else v for k, v in plan.items()}
        line = rounded | {"dollars_a_month": sum(parts.values()), "dollars_for": parts}
        result.add("plan", case=case, prices_noted=NOTED, users=stated.users, **line)
    result.table()


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
    yield from (kind for kind in (READ, LIST) if chance.random() < stated.mix[kind])


def fill(number: int, messages: int) -> Talks:
    """So many users, each with a session of so many messages, no two of them alike."""
    report.progress(f"{number:,} sessions of {messages} messages …")
    users = service.users(number)
    return Talks(users, [_create(user.id, messages) for user in users])


def _create(user_id: str, messages: int) -> str:
    first = next(_beginnings)
    history = conversations.drafts(first, first + messages - 1, words=WORDS)
    draft = SessionDraft(history=history)
    created = sessions.session_create(user_id=user_id, draft=draft, now=conversations.now())
    return created.session_id


def unit_costs(served: service.Served, talks: Talks, number: int, times: int) -> dict[str, Cost]:
    """Each kind by itself, in rounds. A window follows two appends, as it does in a turn."""
    spent: dict[str, list[tuple[float, float]]] = {kind: [] for kind in _STATUS}
    for place, kind in itertools.product(range(times + 1), _STATUS):
        if kind == WINDOW:
            served.run(talks.requests(APPEND, 2 * number), connections=4, expected={201})
        outcome = served.run(
            talks.requests(kind, number), connections=CONNECTIONS, expected={_STATUS[kind]}
        )
        if place:  # the first round warms up
            spent[kind].append((outcome.worker_cpu_ms, outcome.mongod_cpu_ms))
    return {
        kind: Cost(
            worker_ms=statistics.fmean(worker for worker, _ in taken),
            mongod_ms=statistics.fmean(mongod for _, mongod in taken),
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
    return statistics.fmean(sizes)


@dataclass(frozen=True)
class Files:
    """What the store's files take, in bytes, and how much is in them."""

    kept: int
    derived: int
    indexes: int
    documents: int
    session_count: int
    messages: int

    @classmethod
    def of(cls, client: store.Client) -> "Files":
        """As they are now, after a checkpoint."""
        client.admin.command("fsync")
        database = client[store.DATABASE]
        stats = {name: database.command("collStats", name) for name in _COLLECTIONS}
        counted = [{"$group": {"_id": None, "messages": {"$sum": "$message_count"}}}]
        return cls(
            kept=_used(stats["sessions"]) + _used(stats["message_buckets"]),
            derived=_used(stats["message_annotations"]),
            indexes=sum(each["totalIndexSize"] for each in stats.values()),
            documents=sum(each["size"] for each in stats.values()),
            session_count=stats["sessions"]["count"],
            messages=sum(each["messages"] for each in database["sessions"].aggregate(counted)),
        )

    @property
    def disk(self) -> int:
        """All of it."""
        return self.kept + self.derived + self.indexes


def _used(stats: Mapping[str, int]) -> int:
    """Without the gaps that rewritten documents have left, which the next ones fill."""
    return stats["storageSize"] - stats["freeStorageSize"]


def stored_bytes(empty: Files, filled: Files, used: Files) -> Stored:
    """Bytes per message.

    `filled` is after sessions were stored that nobody used since, `used` after others had gone
    through turns and windows: these leave gaps in the files, and what is derived from messages.
    """
    count = used.session_count - filled.session_count
    return Stored(
        message_bytes=(used.kept - empty.kept) / used.messages,
        index_bytes=(filled.indexes - empty.indexes) / filled.messages,
        derived_bytes=(used.derived - filled.derived) / (used.messages - filled.messages),
        warm_session_bytes=(used.documents - filled.documents) / count,
    )


def _check_turn(
    result: report.Report,
    served: service.Served,
    talks: Talks,
    predicted: Cost,
    stated: Load,
    turns: int,
    times: int,
) -> None:
    """The mix, predicted and measured."""
    workers, mongods = [], []
    for place in range(times + 1):
        requests = talks.mixed(turns, stated)
        outcome = served.run(requests, connections=CONNECTIONS, expected={200, 201})
        if place:
            workers.append(outcome.worker_cpu_ms * len(requests) / turns)
            mongods.append(outcome.mongod_cpu_ms * len(requests) / turns)
    _compare(result, "workers' processor of a turn, ms", predicted.worker_ms, workers)
    _compare(result, "mongod's processor of a turn, ms", predicted.mongod_ms, mongods)


def _check_disk(
    result: report.Report, client: store.Client, served: service.Served, costs: Costs, number: int
) -> None:
    """More sessions, four times as long."""
    before = Files.of(client)
    longer = fill(number, 4 * MESSAGES)
    served.run(longer.requests(WINDOW, number), connections=4, expected={200})
    after = Files.of(client)
    predicted = costs.disk_bytes(after.messages - before.messages)
    taken = [(after.disk - before.disk) / 1e6]
    _compare(result, "disk of longer sessions, MB", predicted / 1e6, taken)


def _compare(result: report.Report, name: str, predicted: float, taken: Sequence[float]) -> None:
    measured = statistics.median(taken)
    result.add(
        "check",
        what=name,
        predicted=round(predicted, 2),
        measured=round(measured, 2),
        error_percent=round(100 * (predicted / measured - 1), 1),
    )


if __name__ == "__main__":
    main()
