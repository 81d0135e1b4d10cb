"""What does the service cost over HTTP, beside the least that one could write instead of it?

The floor is `harness/bare_view.py`: a Django view without middleware around one pymongo call, with
the same write concern, in processes of its own under granian (WSGI, 2 workers, 4 threads). The
service runs as `serve` runs it, with the settings' defaults; only the rate limit of a user is so
high that it counts and never refuses. Both are on the same `mongod`, which they and the client
share two cores with.

64 sessions are asked in turn, over one connection (which compares latencies) and over eight (which
compares the work per request); then all eight connections append to one session. Each round runs
every variant once, in a new order; `ratio` is the median over the rounds of the service's requests
a second over the floor's in the same round. The floor's lists keep 20 messages when they are
appended to, and hold what a read answers with, at most 50, when they are read.

The service's sessions of 10 messages are made anew for each round. Those of 200 have history in
buckets, where a keyed append asks in a second round trip whether the key is old.
"""

import itertools
import os
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

from benchmarks.harness import conversations, load, report, rounds, service, store
from benchmarks.harness.load import Outcome
from benchmarks.harness.service import Served

LENGTHS = (10, 200)
SERVICE, UNKEYED, BARE = "service", "service without key", "bare view"
TARGET, TARGET_ONE_SESSION = 0.6, 0.5
WORDS, PAGE = 60, 50

Make = Callable[[str, int], list[str]]  # variant, number of requests


@dataclass
class Sessions:
    """The service's sessions, one for each user, and requests to them or to the bare view."""

    users: Sequence[service.User]
    length: int
    ids: list[str] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def renew(self) -> None:
        """New sessions of `length` messages."""
        self.ids = [conversations.create(user.id, self.length, words=WORDS) for user in self.users]

    def appends_to_one(self, variant: str, number: int) -> list[str]:
        """Requests that append, all to the same session."""
        return self.appends(variant, number, spread=1)

    def appends(self, variant: str, number: int, spread: int | None = None) -> list[str]:
        """Requests that append, to the first `spread` sessions in turn."""
        pairs = list(zip(self.users, self.ids, strict=True))[:spread]
        return [self._append(variant, at % len(pairs), *pairs[at % len(pairs)])
                for at in range(number)]  # fmt: skip

    def _append(self, variant: str, at: int, user: service.User, session_id: str) -> str:
        number = next(self._numbers)
        body = {"role": "user", "content": conversations.text(number, WORDS)}
        if variant == BARE:
            return load.request("POST", f"/m/{at}", body=body)
        key = {"Idempotency-Key": f"sent-{number}"} if variant == SERVICE else {}
        path = f"/session/{session_id}/message"
        return load.request("POST", path, token=user.token, body=body, headers=key)

    def reads(self, variant: str, number: int) -> list[str]:
        """Requests that read a session with its newest 50 messages."""
        pairs = itertools.cycle(enumerate(zip(self.users, self.ids, strict=True)))
        return [
            load.request("GET", f"/m/{at}")
            if variant == BARE
            else load.request("GET", f"/session/{session_id}", token=user.token)
            for at, (user, session_id) in itertools.islice(pairs, number)
        ]


def main() -> None:
    """Parse, fill, measure, report."""
    parser = store.arguments(__doc__)
    parser.add_argument("--requests", type=int, help="of each variant and round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--users", type=int, default=64, help="each has a session; at most 64")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 8])
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    options = parser.parse_args()
    number = options.requests or (256 if options.short else 1_024)
    times = options.rounds or (3 if options.short else 12)
    result = report.Report("http_append")
    with store.own_store(options.dir, result) as client:
        os.environ["THROTTLE_USER"] = "6000000/min"
        users = service.users(options.users)
        sessions = {length: Sessions(users, length) for length in options.lengths}
        for each in sessions.values():
            report.progress(f"{options.users} sessions of {each.length} messages …")
            each.renew()
        with service.served(client) as served, service.bare(client) as floor:
            servers = {SERVICE: served, UNKEYED: served, BARE: floor}
            one_session = [max(options.connections)]
            for name, make, status, over in (
                ("POST message", Sessions.appends, 201, options.connections),
                ("POST message, one session", Sessions.appends_to_one, 201, one_session),
                ("GET session", Sessions.reads, 200, options.connections),
            ):
                if name in options.skip:
                    continue
                for connections, each in itertools.product(over, sessions.values()):
                    asked = servers if status == 201 else {SERVICE: served, BARE: floor}
                    _fill_bare(client, each.length)
                    question = Question(name, partial(make, each), status, connections, each)
                    question.measure(result, asked, times, number)
    result.table()


def _fill_bare(client: store.Client, length: int) -> None:
    """As many messages as a read answers with; the first append cuts them to what is kept."""
    now = conversations.now()
    messages = [
        {"role": draft.role.value, "content": draft.content, "timestamp": now}
        for draft in conversations.drafts(1, min(length, PAGE), words=WORDS)
    ]
    client["bare"]["sessions"].update_many({}, {"$set": {"messages": messages}})


@dataclass
class Question:
    """One kind of request to sessions of one length, over so many connections."""

    name: str
    make: Make
    status: int
    connections: int
    sessions: Sessions

    def measure(
        self, result: report.Report, servers: dict[str, Served], times: int, number: int
    ) -> None:
        """Every variant once a round, after one round that warms up; a line for each."""
        report.progress(f"{self.name}: {self.sessions.length} messages, {self.connections} …")
        outcomes: dict[str, list[Outcome]] = {variant: [] for variant in servers}
        for place, order in enumerate(rounds.orders(servers, times + 1)):
            if self.sessions.length == LENGTHS[0]:
                self.sessions.renew()
            for variant in order:
                outcome = servers[variant].run(
                    self.make(variant, number),
                    connections=self.connections,
                    expected={self.status},
                )
                if place:
                    outcomes[variant].append(outcome)
        for variant, taken in outcomes.items():
            self._add(result, variant, taken, outcomes[BARE])

    def _add(
        self, result: report.Report, variant: str, taken: list[Outcome], floor: list[Outcome]
    ) -> None:
        pairs = zip(taken, floor, strict=True)
        aim = TARGET_ONE_SESSION if "one session" in self.name else TARGET
        result.add(
            self.name,
            variant=variant,
            messages=self.sessions.length,
            connections=self.connections,
            per_second=round(statistics.median(one.per_second for one in taken)),
            **report.timing([ms for one in taken for ms in one.ms]),
            worker_cpu_ms=_median([one.worker_cpu_ms for one in taken]),
            mongod_cpu_ms=_median([one.mongod_cpu_ms for one in taken]),
            client_cpu=_median([one.cpu_share for one in taken]),
            ratio=_median([one.per_second / least.per_second for one, least in pairs]),
            **({} if variant == BARE else {"target": aim, "bound": "at least"}),
        )


def _median(values: Sequence[float]) -> float:
    return round(statistics.median(values), 2)


if __name__ == "__main__":
    main()
