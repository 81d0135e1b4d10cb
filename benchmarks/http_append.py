"""What does the whole of the service cost over HTTP, beside the least and the naive way?

One server process group (granian, with the workers and threads of the settings' defaults) answers
three kinds of routes: the service's own; `bare`, a Django view without anything around one pymongo
call with the same write concern; and `naive`, a DRF view that loads a MongoEngine document with
all its messages, appends, and saves. A client process keeps connections alive and is itself
measured. Each round runs every variant once, one after the other, in a new order; the ratio is the
median over the rounds of the throughputs of one round. With one connection it compares latencies,
with eight the work per request, as both cores are then busy.

Sessions of 10 messages are made anew for each round and stay below 64. Those of 200 have history in
buckets, where a keyed append asks in a second round trip whether the key is old. `bare` bounds its
list at 96 messages, the mean of the service's tail. Rate limits, tokens and all else stand as in
production: hence many users.
"""

import itertools
import random
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import http_baselines
from benchmarks.harness import conversations, load, report, service, store
from benchmarks.harness.load import Outcome
from benchmarks.harness.service import User
from sessions_app.domain.data import Role

LENGTHS = (10, 200)
SERVICE, UNKEYED, BARE, NAIVE = "service", "service without key", "bare", "naive"
OF_BARE, OF_NAIVE = 0.6, 3.0
WORDS = 60


@dataclass
class Sessions:
    """The sessions that requests go to: one per user, length and kind of route."""

    client: store.Client
    users: Sequence[User]
    ids: dict[tuple[str, int], list[str]] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def fill_service(self, length: int) -> None:
        """Sessions through the service's own code."""
        self.ids[SERVICE, length] = [
            conversations.create(user.id, length, words=WORDS) for user in self.users
        ]

    def fill_baselines(self, length: int) -> None:
        """Sessions of the baselines; of the bare one as much as it keeps."""
        now = conversations.now()
        for kind, name, held, counters in (
            (
                BARE,
                http_baselines.BARE,
                min(length, http_baselines.KEPT),
                {"message_count": length},
            ),
            (NAIVE, http_baselines.NAIVE, length, {}),
        ):
            messages = [
                {
                    "id": f"message-{number}",
                    "role": draft.role.value,
                    "content": draft.content,
                    "timestamp": now,
                }
                for number, draft in enumerate(conversations.drafts(1, held, words=WORDS))
            ]
            number = next(self._numbers)
            documents: list[dict[str, Any]] = [
                {
                    "_id": f"{user.id}-{number}",
                    "user_id": user.id,
                    "messages": messages,
                    "updated_at": now,
                    **counters,
                }
                for user in self.users
            ]
            collection = self.client[store.DATABASE][name]
            collection.insert_many(documents)
            self.ids[kind, length] = [document["_id"] for document in documents]

    def posts(self, variant: str, length: int, number: int) -> list[str]:
        """Requests that append."""
        body = {"role": Role.USER.value, "content": conversations.text(number, WORDS)}
        return [
            load.request(
                "POST",
                f"{path}/message",
                token="" if variant == BARE else user.token,
                body=body,
                headers={"Idempotency-Key": f"sent-{next(self._numbers)}"}
                if variant == SERVICE
                else {},
            )
            for user, path in self._paths(variant, length, number)
        ]

    def gets(self, variant: str, length: int, number: int) -> list[str]:
        """Requests that read a session and its newest 50 messages."""
        return [
            load.request("GET", path, token="" if variant == BARE else user.token)
            for user, path in self._paths(variant, length, number)
        ]

    def _paths(self, variant: str, length: int, number: int) -> list[tuple[User, str]]:
        kind = SERVICE if variant == UNKEYED else variant
        place = {SERVICE: "/session", BARE: "/bare", NAIVE: "/naive"}[kind]
        pairs = zip(self.users, self.ids[kind, length], strict=True)
        return [
            (user, f"{place}/{one}")
            for user, one in itertools.islice(itertools.cycle(pairs), number)
        ]


Make = Callable[[str, int, int], list[str]]


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--requests", type=int, help="of each variant and round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--users", type=int, default=128)
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8])
    given = parser.parse_args()
    number = given.requests or (256 if given.short else 1_024)
    rounds = given.rounds or (3 if given.short else 12)
    result = report.Report("http_append")
    with store.own_store(given.dir, result) as client, service.served(client) as served:
        report.progress(f"{given.users} sessions of each length …")
        sessions = Sessions(client, service.users(given.users))
        for length in LENGTHS:
            sessions.fill_service(length)
            sessions.fill_baselines(length)
        for connections, length in itertools.product(given.connections, LENGTHS):
            for name, make, variants, expected in (
                ("POST message", sessions.posts, (SERVICE, UNKEYED, BARE, NAIVE), {201}),
                ("GET session", sessions.gets, (SERVICE, BARE, NAIVE), {200}),
            ):
                run = Run(served, sessions, make, variants, expected, connections, length)
                _add(result, name, run, run.rounds(rounds, number))
    result.table()


@dataclass
class Run:
    """One question: the variants of one request at one length, over so many connections."""

    served: service.Served
    sessions: Sessions
    make: Make
    variants: Sequence[str]
    expected: set[int]
    connections: int
    length: int

    def rounds(self, rounds: int, number: int) -> dict[str, list[Outcome]]:
        """The outcomes of every variant, after one round that only warms up."""
        report.progress(f"{self.length} messages, {self.connections} connections …")
        outcomes: dict[str, list[Outcome]] = {variant: [] for variant in self.variants}
        order, shuffle = list(self.variants), random.Random(3).shuffle
        for place in range(rounds + 1):
            self.sessions.fill_baselines(self.length)
            if self.length == LENGTHS[0]:
                self.sessions.fill_service(self.length)
            shuffle(order)
            for variant in order:
                slow = variant == NAIVE and self.length == LENGTHS[-1]
                outcome = self.served.run(
                    self.make(variant, self.length, number // 4 if slow else number),
                    connections=self.connections,
                    expected=self.expected,
                )
                if place:
                    outcomes[variant].append(outcome)
        return outcomes


def _add(result: report.Report, name: str, run: Run, outcomes: dict[str, list[Outcome]]) -> None:
    for variant, taken in outcomes.items():
        beside = _ratio(taken, outcomes[BARE])
        to_naive = _ratio(taken, outcomes[NAIVE])
        of_service = variant in (SERVICE, UNKEYED)
        result.add(
            name,
            variant=variant,
            messages=run.length,
            connections=run.connections,
            per_second=round(statistics.median(one.per_second for one in taken)),
            **report.timing([ms for one in taken for ms in one.ms]),
            worker_cpu_ms=_median([one.worker_cpu_ms for one in taken]),
            mongod_cpu_ms=_median([one.mongod_cpu_ms for one in taken]),
            client_cpu=_median([one.cpu_share for one in taken]),
            ratio=beside,
            **({"target": OF_BARE, "bound": "at least"} if of_service else {}),
            times_naive=to_naive,
            **(
                {"target_naive": OF_NAIVE, "holds_naive": to_naive >= OF_NAIVE}
                if of_service and run.length == LENGTHS[-1]
                else {}
            ),
        )


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2)


def _ratio(taken: Sequence[Outcome], base: Sequence[Outcome]) -> float:
    """How many times the throughput of `base`: the median over the rounds."""
    pairs = zip(taken, base, strict=True)
    return _median([one.per_second / other.per_second for one, other in pairs])


if __name__ == "__main__":
    main()
