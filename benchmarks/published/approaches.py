"""Tables of docs/session-approaches.md."""

from collections.abc import Sequence

from benchmarks.harness import figure
from benchmarks.harness.markdown import Line, pivot, table
from benchmarks.published.figures import IMAGES, named, series


def strategy_bytes(lines: Sequence[Line]) -> str:
    """Bytes of a turn, both ways."""
    counted = named(lines, "bytes of a turn")
    figure.lines(
        IMAGES / "approaches-bytes.svg",
        "What one turn sends and receives",
        series(counted, row="strategy", x="turn", y="both"),
        x="turn of the conversation",
        y="bytes on the wire",
    )
    rows = pivot(
        counted,
        row="strategy",
        column="turn",
        value="both",
        head="bytes at turn",
        missing="refused",
    )
    return f"{rows}\n\n![Bytes of a turn, by turn](images/approaches-bytes.svg)"


def strategy_limits(lines: Sequence[Line]) -> str:
    """Where the conversation stops fitting."""
    rows = [
        [
            line["limit"],
            line["strategy"],
            line["bytes"],
            line["turn"] or "not reached",
            "measured" if line["measured"] else "its documentation",
        ]
        for line in named(lines, "does not fit")
    ]
    return table(["limit of", "strategy", "bytes", "refused from turn", "by"], rows)


def strategy_speed(lines: Sequence[Line]) -> str:
    """Latency, throughput and processor time."""
    turns = named(lines, "turn")
    alone = [line for line in turns if line["connections"] == 1]
    crowd = [line for line in turns if line["connections"] > 1]
    figure.lines(
        IMAGES / "approaches-latency.svg",
        "One turn, one connection",
        series(alone, row="strategy", x="messages", y="p50_ms"),
        x="messages in the conversation",
        y="milliseconds (p50)",
    )
    tables = [
        pivot(kind, row="strategy", column="messages", value=value, head=head, missing="refused")
        for kind, value, head in (
            (alone, "p50_ms", "ms (p50) at messages, one connection"),
            (crowd, "per_second", "turns a second at messages, eight connections"),
            (crowd, "worker_cpu_ms", "ms of the workers' processor a turn"),
        )
    ]
    plot = "![Milliseconds of a turn, by length](images/approaches-latency.svg)"
    return "\n\n".join([*tables[:1], plot, *tables[1:]])


def strategy_promises(lines: Sequence[Line]) -> str:
    """Two devices, a lost worker, a repeated turn, an old credential, a sign-out."""
    by_name = {
        name: {line["strategy"]: line for line in named(lines, name)}
        for name in ("two devices at once", "lost worker", "replayed", "revoked")
    }
    rows = []
    for strategy, devices in by_name["two devices at once"].items():
        death = by_name["lost worker"][strategy]
        replay = by_name["replayed"][strategy]
        rows.append(
            [
                strategy,
                f"{devices['lost']} of {devices['acknowledged']}",
                devices["turns"] - devices["acknowledged"],
                f"{death['lost']} of {death['acknowledged']}",
                death["longest_wait_seconds"],
                replay["copies_of_a_repeated_turn"],
                replay["turns_that_an_old_credential_shows"],
                _revoked(by_name["revoked"][strategy]),
            ]
        )
    head = [
        "strategy",
        "two devices: acknowledged turns lost",
        "and refused",
        "worker killed: acknowledged turns lost",
        "longest turn, s",
        "copies of a turn sent twice",
        "turns that the credential of turn 5 shows after turn 10",
        "a copied credential works after sign-out",
    ]
    return table(head, rows)


def _revoked(line: Line) -> str:
    if line["lifetime_here_seconds"] is None:
        return "no"
    return f"until it expires ({line['worked_for_seconds']} of {line['lifetime_here_seconds']} s)"


def strategy_storage(lines: Sequence[Line]) -> str:
    """What 1,000 conversations take."""
    stored = named(lines, "storage")
    head = [
        f"{stored[0]['conversations']:,} conversations of {stored[0]['turns']} turns",
        "MB on the server",
        "kB that each client carries",
        "where",
    ]
    rows = [
        [line["strategy"], line["server_mb"], line["carried_kb_each"], line["where"]]
        for line in stored
    ]
    return table(head, rows)
