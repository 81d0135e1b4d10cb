"""What would ten million users need, and how far can that be believed?

First the small case, on this machine: what each kind of request costs workers and `mongod`, by
itself, and what a message takes on disk. From these the model predicts a mixed load on the same
machine, and the disk of more sessions of another length; both are then measured, and the
error is printed. Last the plan: the same costs under the load and the prices of
benchmarks/scale/assumptions.py, and what becomes of it when an assumption is wrong.

    python -m benchmarks.scale_model [--short] [--users 10000000]

The encoder runs: windows are `hybrid`, as the settings' defaults have it.
"""

import statistics
from dataclasses import asdict, replace

from benchmarks.harness import report, service, store
from benchmarks.scale import small_case
from benchmarks.scale.assumptions import NOTED, Load, Prices
from benchmarks.scale.model import Cost, Costs, disk_bytes, plan, turn_cost, turns_a_second
from benchmarks.scale.small_case import CONNECTIONS, Talks

MESSAGES = 24  # of a session: the load's twelve turns


def main() -> None:
    """Measure, predict, measure again, plan."""
    parser = store.arguments(__doc__)
    parser.add_argument("--sessions", type=int, help="in the small case")
    parser.add_argument("--requests", type=int, help="of each kind and round")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--users", type=int, default=Load().users, help="of the plan")
    given = parser.parse_args()
    sessions = given.sessions or (32 if given.short else 128)
    number = given.requests or (32 if given.short else 128)
    rounds = given.rounds or (1 if given.short else 5)
    load = Load(users=given.users)
    result = report.Report("scale_model")
    with store.own_store(given.dir, result) as client, service.served(client) as served:
        empty = small_case.files(client)
        small_case.fill(8 * sessions, MESSAGES)
        filled = small_case.files(client)
        talks = small_case.fill(sessions, MESSAGES)
        kinds = small_case.unit_costs(served, talks, number, rounds)
        used = small_case.files(client)
        costs = Costs(kinds, small_case.stored(empty, filled, used))
        _say_costs(result, costs, used.messages)
        _check_load(result, served, talks, costs, load, number, rounds)
        _check_disk(result, client, served, costs, sessions // 2)
    _plans(result, costs, load)
    result.table()


def _say_costs(result: report.Report, costs: Costs, messages: int) -> None:
    for kind, cost in costs.requests.items():
        rounded = {name: round(value, 2) for name, value in asdict(cost).items()}
        result.add("cost of a request", kind=kind, **rounded)
    rounded = {name: round(value, 1) for name, value in asdict(costs.stored).items()}
    result.add("cost of storage", messages=messages, **rounded)


def _check_load(
    result: report.Report,
    served: service.Served,
    talks: Talks,
    costs: Costs,
    load: Load,
    turns: int,
    rounds: int,
) -> None:
    """The mix, predicted and measured."""
    taken = []
    for place in range(rounds + 1):
        requests = talks.mixed(turns, load)
        outcome = served.run(requests, connections=CONNECTIONS, expected={200, 201})
        if place:
            taken.append((outcome, len(requests) / turns))
    predicted = turn_cost(costs, load)
    worker = statistics.median(one.worker_cpu_ms * each for one, each in taken)
    mongod = statistics.median(one.mongod_cpu_ms * each for one, each in taken)
    client = statistics.median(one.cpu_share * one.seconds * 1_000 / turns for one, _ in taken)
    _compare(result, "workers' processor of a turn, ms", predicted.worker_ms, worker)
    _compare(result, "mongod's processor of a turn, ms", predicted.mongod_ms, mongod)
    # Other programs may have had a part of the two cores meanwhile: then fewer turns fitted in.
    had = statistics.median(
        (
            (one.worker_cpu_ms + one.mongod_cpu_ms) * each * turns / 1_000
            + one.cpu_share * one.seconds
        )
        / one.seconds
        for one, each in taken
    )
    measured = statistics.median(turns / one.seconds for one, _ in taken)
    _compare(
        result,
        f"turns a second on the {had:.2f} cores that it had",
        turns_a_second(costs, load, cores=had, client_ms=client),
        measured,
    )
    _compare(
        result,
        "turns a second on 2 cores, were the machine quiet",
        turns_a_second(costs, load, cores=2, client_ms=client),
        measured,
    )


def _check_disk(
    result: report.Report,
    client: store.Client,
    served: service.Served,
    costs: Costs,
    sessions: int,
) -> None:
    """More sessions, four times as long."""
    before = small_case.files(client)
    small_case.windows(served, small_case.fill(sessions, 4 * MESSAGES))
    after = small_case.files(client)
    took = sum(
        getattr(after, name) - getattr(before, name) for name in ("kept", "derived", "indexes")
    )
    predicted = disk_bytes(costs, after.messages - before.messages)
    _compare(result, "disk of longer sessions, MB", predicted / 1e6, took / 1e6)


def _compare(result: report.Report, name: str, predicted: float, measured: float) -> None:
    result.add(
        "check",
        what=name,
        predicted=round(predicted, 2),
        measured=round(measured, 2),
        error_percent=round(100 * (predicted / measured - 1), 1),
    )


def _plans(result: report.Report, costs: Costs, load: Load) -> None:
    """The plan, and the same with one assumption changed."""
    prices = Prices()
    wordy = replace(costs.stored, message_bytes=4 * costs.stored.message_bytes)
    twice = {
        kind: Cost(2 * cost.worker_ms, 2 * cost.mongod_ms, cost.bytes_out)
        for kind, cost in costs.requests.items()
    }
    cases = {
        "as assumed": plan(costs, load, prices),
        "no archive tier": plan(costs, load, prices, archive=False),
        "twice as active": plan(costs, replace(load, turns_a_day=2 * load.turns_a_day), prices),
        "peak of 8 times the mean": plan(costs, replace(load, peak_factor=8.0), prices),
        "messages four times as long": plan(replace(costs, stored=wordy), load, prices),
        "requests cost twice as much": plan(replace(costs, requests=twice), load, prices),
        "a tenth of the users": plan(costs, replace(load, users=load.users // 10), prices),
    }
    for case, found in cases.items():
        dollars = found.dollars_a_month
        line = found.as_line() | {"dollars_a_month": sum(dollars.values())}
        result.add("plan", case=case, prices_noted=NOTED, users=load.users, **line)
    result.add("cost of the plan", **cases["as assumed"].dollars_a_month)


if __name__ == "__main__":
    main()
