"""Latency, throughput and processor time of a turn, by the length of the conversation."""

import statistics
from collections.abc import Mapping, Sequence
from itertools import cycle, islice

from benchmarks.harness import load, report, rounds
from benchmarks.harness.load import Outcome
from benchmarks.session_strategies import variants
from benchmarks.session_strategies.device import Device, history, turn_body
from benchmarks.session_strategies.servers import Site

CONNECTIONS = (1, 8)
# A cookie costs what a header does; a session in one worker's memory is not there in the other.
LEFT_OUT = {variants.TOKEN_COOKIE, variants.DJANGO_MEMORY}
_LONG = 500  # messages; from here on a few conversations take all turns of a round


def measure(
    result: report.Report,
    sites: Mapping[str, Site],
    lengths: Sequence[int],
    number: int,
    turns: int,
) -> None:
    """`number` rounds of `turns` turns, every strategy in each round, in a new order."""
    sites = {name: site for name, site in sites.items() if name not in LEFT_OUT}
    for messages in lengths:
        report.progress(f"turns in conversations of {messages:,} messages …")
        able = {name: site for name, site in sites.items() if _can(site, messages)}
        taken: dict[tuple[str, int], list[Outcome]] = {}
        for place, order in enumerate(rounds.orders(able, number + 1)):
            for name in order:
                requests = _requests(able[name], messages, turns)
                for connections in CONNECTIONS:
                    outcome = able[name].run(requests, connections=connections, expected={200})
                    if place:  # the first round warms up
                        taken.setdefault((name, connections), []).append(outcome)
        for name in sites:
            for connections in CONNECTIONS:
                _add(result, name, messages, connections, taken.get((name, connections)))


def _can(site: Site, messages: int) -> bool:
    """Whether the conversation can be carried at all."""
    device = site.device()
    device.start("somebody", history(messages))
    return device.turn(messages).status == 200


def _requests(site: Site, messages: int, turns: int) -> list[str]:
    """Turns of as many conversations, made anew, so that none has grown."""
    devices: list[Device] = []
    past = history(messages)
    for number in range(turns if messages < _LONG else max(1, turns // 8)):
        devices.append(site.device())
        devices[-1].start(f"user-{number}", past)
    return [
        load.request("POST", device.path("turn"), body=turn_body(number), headers=device.headers)
        for number, device in enumerate(islice(cycle(devices), turns))
    ]


def _add(
    result: report.Report,
    name: str,
    messages: int,
    connections: int,
    outcomes: Sequence[Outcome] | None,
) -> None:
    if outcomes is None:
        result.add("turn", strategy=name, messages=messages, connections=connections, refused=True)
        return
    result.add(
        "turn",
        strategy=name,
        messages=messages,
        connections=connections,
        **report.timing([ms for one in outcomes for ms in one.ms]),
        per_second=round(statistics.median(one.per_second for one in outcomes)),
        worker_cpu_ms=round(statistics.median(one.worker_cpu_ms for one in outcomes), 2),
        mongod_cpu_ms=round(statistics.median(one.mongod_cpu_ms for one in outcomes), 2),
    )
