"""What does counting for the metrics cost an append?

The service runs twice at the same time, on one MongoDB: as it is, and without the middleware that
counts requests. Each round sends the same number of appends to one and then to the other over one
connection, in an order that changes; the ratio is that of the medians. And what one scrape of
`GET /metrics` takes, once the sessions have been counted.
"""

import itertools
import random
import statistics

from benchmarks.harness import conversations, load, report, service, store
from benchmarks.harness.service import Served, User

COUNTED, UNCOUNTED = "counted", "not counted"
SETTINGS = {COUNTED: service.SETTINGS, UNCOUNTED: "benchmarks.harness.uncounted"}
TARGET = 1.03
WORDS = 60


def main() -> None:
    """Parse, send, compare."""
    parser = store.arguments(__doc__)
    parser.add_argument("--requests", type=int, help="of each service and round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--users", type=int, default=64)
    options = parser.parse_args()
    number = options.requests or 256
    rounds = options.rounds or (6 if options.short else 30)
    result = report.Report("metrics_cost")
    with (
        store.own_store(options.dir, result) as client,
        service.served(client, SETTINGS[COUNTED]) as counted,
        service.served(client, SETTINGS[UNCOUNTED]) as uncounted,
    ):
        services = {COUNTED: counted, UNCOUNTED: uncounted}
        samples = _rounds(services, service.users(options.users), rounds, number)
        base = statistics.median(samples[UNCOUNTED])
        for name, taken in samples.items():
            ratio = round(statistics.median(taken) / base, 3)
            target = {"target": TARGET} if name == COUNTED else {}
            result.add(f"append, {name}", **report.timing(taken), ratio=ratio, **target)
        scrapes = counted.run([load.request("GET", "/metrics")] * 20, connections=1, expected={200})
        result.add("GET /metrics", **report.timing(scrapes.ms))
    result.table()


def _rounds(
    services: dict[str, Served], users: list[User], rounds: int, number: int
) -> dict[str, list[float]]:
    """Milliseconds of every append, after one round that only warms up."""
    samples: dict[str, list[float]] = {name: [] for name in services}
    keys = itertools.count()
    order, shuffle = list(services), random.Random(5).shuffle
    for place in range(rounds + 1):
        ids = [(user, conversations.create(user.id, 10, words=WORDS)) for user in users]
        shuffle(order)
        for name in order:
            requests = [
                load.request(
                    "POST",
                    f"/session/{session_id}/message",
                    token=user.token,
                    body={"content": conversations.text(n, WORDS)},
                    headers={"Idempotency-Key": f"sent-{next(keys)}"},
                )
                for n, (user, session_id) in zip(range(number), itertools.cycle(ids), strict=False)
            ]
            outcome = services[name].run(requests, connections=1, expected={201})
            if place:
                samples[name] += outcome.ms
    return samples


if __name__ == "__main__":
    main()
