"""The tables and plots of the study: which documents have them, under which marks."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.harness import figure
from benchmarks.harness.markdown import Line, by, pivot, table

DOCS = Path(__file__).parents[1] / "docs"
IMAGES = DOCS / "images"


def _named(lines: Sequence[Line], name: str) -> list[Line]:
    return [line for line in lines if line["name"] == name]


def _series(
    lines: Sequence[Line], *, row: str, x: str, y: str
) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        if line.get(y):
            found.setdefault(line[row], []).append((line[x], line[y]))
    return found


# --- session-approaches.md --------------------------------------------------------------------


def strategy_bytes(lines: Sequence[Line]) -> str:
    """Bytes of a turn, both ways."""
    counted = _named(lines, "bytes of a turn")
    figure.lines(
        IMAGES / "approaches-bytes.svg",
        "What one turn sends and receives",
        _series(counted, row="strategy", x="turn", y="both"),
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
        for line in _named(lines, "does not fit")
    ]
    return table(["limit of", "strategy", "bytes", "refused from turn", "by"], rows)


def strategy_speed(lines: Sequence[Line]) -> str:
    """Latency, throughput and processor time."""
    turns = _named(lines, "turn")
    alone = [line for line in turns if line["connections"] == 1]
    crowd = [line for line in turns if line["connections"] > 1]
    figure.lines(
        IMAGES / "approaches-latency.svg",
        "One turn, one connection",
        _series(alone, row="strategy", x="messages", y="p50_ms"),
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
        name: {line["strategy"]: line for line in _named(lines, name)}
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
    stored = _named(lines, "storage")
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


# --- schema.md --------------------------------------------------------------------------------


def shape_times(lines: Sequence[Line]) -> str:
    """Append, window and full read by shape and length."""
    tables = []
    for question in ("append", "window of 50", "all messages"):
        asked = _named(lines, question)
        tables.append(
            pivot(
                asked, row="shape", column="messages", value="p50_ms", head=f"{question}: p50, ms"
            )
        )
    figure.lines(
        IMAGES / "shapes-append.svg",
        "Appending one message",
        _series(_named(lines, "append"), row="shape", x="messages", y="p50_ms"),
        x="messages in the session",
        y="milliseconds (p50)",
    )
    plot = "![Milliseconds of an append, by shape](images/shapes-append.svg)"
    return "\n\n".join([tables[0], plot, *tables[1:]])


def shape_bytes(lines: Sequence[Line]) -> str:
    """Bytes by shape and length."""
    stored = _named(lines, "bytes")
    rows = [
        [shape, messages, line["data_kb"], line["disk_kb"], line["index_kb"]]
        for (shape, messages), (line,) in by(
            sorted(stored, key=lambda line: line["shape"]), "shape", "messages"
        )
    ]
    return table(["shape", "messages", "documents, kB", "files, kB", "indexes, kB"], rows)


def shape_limit(lines: Sequence[Line]) -> str:
    """The end of a growing array."""
    line = _named(lines, "limit")[0]
    return (
        f"The array took {line['messages']:,} messages ({line['data_kb'] / 1e3:,.2f} MB). "
        f"The next was refused: `{line['refusal']}`."
    )


# --- topics.md, context.md --------------------------------------------------------------------


def example_topics(lines: Sequence[Line]) -> str:
    """Each message of the dialogues, as judged."""
    parts = []
    for (dialogue,), judged in by(_named(lines, "judged"), "dialogue"):
        rows = [
            [
                f"{line['seq']} {line['role']}: {_escaped(line['begins'])}",
                "◆" if line["people"] else "",
                ("◆ " if line["shift"] else "") + f"{line['score']:.2f}",
                ("◆ " if line["untrained_shift"] else "") + f"{line['untrained_score']:.2f}",
                line["why"],
            ]
            for line in judged
        ]
        head = [f"`{dialogue}`", "people", "shipped", "untrained", "why (untrained)"]
        parts.append(table(head, rows))
    return "\n\n".join(parts)


def example_window(lines: Sequence[Line]) -> str:
    """Each message of the dialogue, and what each strategy does with it."""
    planned = _named(lines, "window")
    strategies = list(dict.fromkeys(line["strategy"] for line in planned))
    found = {(line["strategy"], line["seq"]): line for line in planned}
    rows = [
        [
            f"{line['seq']} {line['role']}: {_escaped(line['begins'])}",
            line["tokens"],
            line["topic"],
            *(_fate(found[strategy, line["seq"]]) for strategy in strategies),
        ]
        for line in planned
        if line["strategy"] == strategies[0]
    ]
    used = [f"**{found[strategy, 1]['used']}**" for strategy in strategies]
    head = [f"`{planned[0]['dialogue']}`", "tokens", "topic", *(f"`{one}`" for one in strategies)]
    rows.append([f"tokens used of {planned[0]['budget']}", "", "", *used])
    return table(head, rows)


def _fate(line: Line) -> str:
    return f"**{line['reason']}**" if line["kept"] else f"{line['reason']}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


Tables = Mapping[str, Callable[[Sequence[Line]], str]]

PAGES: dict[Path, Tables] = {
    DOCS / "topics.md": {"worked_example: topics": example_topics},
    DOCS / "context.md": {"worked_example: window": example_window},
    DOCS / "session-approaches.md": {
        "session_strategies: bytes": strategy_bytes,
        "session_strategies: limits": strategy_limits,
        "session_strategies: speed": strategy_speed,
        "session_strategies: promises": strategy_promises,
        "session_strategies: storage": strategy_storage,
    },
    DOCS / "schema.md": {
        "schema_shapes: times": shape_times,
        "schema_shapes: bytes": shape_bytes,
        "schema_shapes: limit": shape_limit,
    },
}
