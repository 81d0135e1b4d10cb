"""Which page shows which benchmark's results, and how: a table from its lines, and charts."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.harness.markdown import Line, by, listed, named, pivot, series, table
from benchmarks.harness.plot import Points

LENGTH = "messages in the session"

Chart = tuple[str, Mapping[str, Points], str]  # title, lines by name, the axis across


@dataclass(frozen=True)
class Published:
    """What stands in the document, and the charts that it shows, by the name of their file."""

    markdown: str
    charts: Mapping[str, Chart] = field(default_factory=dict)


Make = Callable[[Sequence[Line]], Published]


def _verdict(line: Line) -> str:
    if "target" not in line:
        return "–"
    return f"{line['target']:g}" + ("" if line["holds"] else " (missed)")


def store_by_length(lines: Sequence[Line]) -> Published:
    """Milliseconds by operation and length."""
    aimed = [line for line in lines if "target" in line]
    points = series(aimed, row="name", x="messages", y="p50_ms")
    return Published(
        _by_length(lines) + "\n\n![Milliseconds by length](images/store-by-length.svg)",
        {"store-by-length": ("Ours, by the length of the session", points, LENGTH)},
    )


def http_by_length(lines: Sequence[Line]) -> Published:
    """The same over HTTP."""
    return Published(_by_length(lines))


def _by_length(lines: Sequence[Line]) -> str:
    lengths = sorted({line["messages"] for line in lines})
    head = ["p50, ms", *lengths, "longest : 10", "longest : 100", "target"]
    rows = []
    for name, group in by(lines, "name").items():
        longest = max(group, key=lambda line: line["messages"])
        of_length = {line["messages"]: line["p50_ms"] for line in group}
        ratios = [longest["ratio"], longest["ratio_to_100"], _verdict(longest)]
        rows.append([name, *map(of_length.get, lengths), *ratios])
    return table(head, rows)


def many_sessions(lines: Sequence[Line]) -> Published:
    """A small database beside a large one."""
    head = ["p50, ms", "few sessions", "many sessions", "many : few", "target"]
    rows = []
    for name, group in by(lines, "name").items():
        few, many = sorted(group, key=lambda line: line["sessions_in_all"])
        rows.append([name, few["p50_ms"], many["p50_ms"], many["ratio"], _verdict(many)])
    return Published(
        table(head, rows) + f"\n\nFew: {few['sessions_of_user']:,} sessions of one user. "
        f"Many: {many['sessions_of_user']:,} of that user among {many['sessions_in_all']:,}."
    )


def http_append(lines: Sequence[Line]) -> Published:
    """The service beside the bare view."""
    columns = {
        "request": "name",
        "messages": "messages",
        "connections": "connections",
        "variant": "variant",
        "per second": "per_second",
        "p50, ms": "p50_ms",
        "p95, ms": "p95_ms",
        "worker CPU, ms": "worker_cpu_ms",
        "of the bare view": "ratio",
        "target": _verdict,
    }
    return Published(listed(lines, columns))


def hot_path(lines: Sequence[Line]) -> Published:
    """What each step costs a worker."""
    columns = {
        "processor time of the worker's thread": "name",
        "µs": lambda line: round(line["cpu_us"]),
    }
    return Published(listed(lines, columns))


def flame(lines: Sequence[Line]) -> Published:
    """What a worker does in a request, by part."""
    kinds = list(by(lines, "request"))
    rows = []
    for part, group in by(lines, "name").items():
        of = {line["request"]: line for line in group}
        rows.append([part, *(of[kind][key] if kind in of else None
                             for kind in kinds for key in ("share", "us"))])  # fmt: skip
    head = [f"{kind}: {unit}" for kind in kinds for unit in ("share", "µs")]
    return Published(table(["part", *head], rows))


def peers_store(lines: Sequence[Line]) -> Published:
    """The peers beside ours: a table and a chart for each question."""
    versions = named(lines, "versions")
    parts = [" and ".join(line[peer] for peer in ("LangChain", "Agents SDK")) + "."
             for line in versions]  # fmt: skip
    charts: dict[str, Chart] = {}
    for name, group in by([line for line in lines if line not in versions], "name").items():
        file = "peers-" + re.sub(r"[^a-z0-9]+", "-", name)
        points = series(group, row="store", x="messages", y="p50_ms")
        charts[file] = (f"{name}, by store", points, LENGTH)
        head = f"{name}: p50, ms"
        parts += [
            pivot(group, row="store", column="messages", value="p50_ms", head=head),
            f"![{name} by store and length](images/{file}.svg)",
        ]
    return Published("\n\n".join(parts), charts)


def memory(lines: Sequence[Line]) -> Published:
    """What a worker holds, and what one page brings."""
    sentences = []
    for line in lines:
        if "requests" in line:
            sentences.append(
                f"Over {line['requests']:,} requests the {line['workers']} workers together went "
                f"from {line['mb_settled']} MB, after the first fifth, to {line['mb_at_end']} MB: "
                f"{line['ratio']} times as much (target {_verdict(line)})."
            )
        else:
            sentences.append(
                f"{line['pages']} random pages of 50 from a session of {line['messages']:,} "
                f"messages ({line['session_mb']} MB) made the reading process grow by "
                f"{line['mb_gained']} MB. MongoDB sent {line['kb_sent_per_page']} KB for a page "
                f"whose messages take {line['kb_of_a_page']} KB."
            )
    return Published("\n\n".join(sentences))


def shapes(lines: Sequence[Line]) -> Published:
    """Append and window by shape and length, and where a growing array ends."""
    parts = [
        pivot(named(lines, name), row="shape", column="messages", value="p50_ms",
              head=f"{name}: p50, ms")
        for name in ("append", "window of 50")
    ]  # fmt: skip
    parts.insert(1, "![Milliseconds of an append, by shape](images/shapes-append.svg)")
    parts += [
        f"The array took {line['messages']:,} messages ({line['data_kb'] / 1e3:,.2f} MB). "
        f"The next was refused: `{line['refusal']}`."
        for line in named(lines, "limit")
    ]
    points = series(named(lines, "append"), row="shape", x="messages", y="p50_ms")
    chart = ("Appending one message", points, LENGTH)
    return Published("\n\n".join(parts), {"shapes-append": chart})


def approaches(lines: Sequence[Line]) -> Published:
    """What is kept, where a token ends, and what a turn costs."""
    promises = {
        "": "approach",
        "acknowledged turns of two devices": "acknowledged",
        "of them lost": "lost",
        "copies of a turn sent twice": "copies_of_a_repeated_turn",
        "turns that the credential of turn 5 shows after turn 10":
            "turns_that_an_old_credential_shows",
    }  # fmt: skip
    limits = {"limit": "limit", "bytes": "bytes", "turn whose token exceeds it": "ends_at_turn"}
    turns = named(lines, "turn")
    parts = [
        listed(named(lines, "promises"), promises),
        listed(named(lines, "limit"), limits),
        *(
            pivot(
                turns, row="approach", column="turns", value=value, head=f"{head}, by turns before"
            )
            for value, head in (("carried_bytes", "bytes carried"), ("p50_ms", "a turn, ms (p50)"))
        ),
    ]
    return Published("\n\n".join(parts))


def scale_costs(lines: Sequence[Line]) -> Published:
    """Requests and bytes."""
    columns = {
        "request": "kind",
        "workers, ms": "worker_ms",
        "mongod, ms": "mongod_ms",
        "answer, bytes": lambda line: round(line["bytes_out"]),
    }
    kept = named(lines, "cost of storage")[0]
    return Published(
        listed(named(lines, "cost of a request"), columns)
        + f"\n\nA message of 60 words takes {kept['message_bytes']:.0f} bytes in files, "
        f"{kept['index_bytes']:.0f} in indexes and {kept['derived_bytes']:.0f} for what is derived "
        f"from it (vectors, topics), all compressed as MongoDB does by itself. A session of the "
        f"small case takes {kept['warm_session_bytes'] / 1e3:.0f} kB in memory."
    )


def scale_checks(lines: Sequence[Line]) -> Published:
    """Predicted, measured, error."""
    columns = {
        "": "what",
        "predicted": "predicted",
        "measured": "measured",
        "error": lambda line: f"{line['error_percent']:+.0f}%",
    }
    return Published(listed(named(lines, "check"), columns))


def scale_plan(lines: Sequence[Line]) -> Published:
    """The plan, the same with one assumption changed, and where its money goes."""
    plans = named(lines, "plan")

    def rounded(key: str) -> Callable[[Line], int]:
        return lambda line: round(line[key])

    columns = {
        "": "case",
        "turns a second at the peak": rounded("turns_a_second_peak"),
        "worker nodes": "worker_nodes",
        "shards": "shards",
        "for processor, disk, memory": lambda line: ", ".join(
            str(line[f"shards_for_{resource}"]) for resource in ("processor", "disk", "memory")
        ),
        "database nodes": "database_nodes",
        "hot disk, GB": rounded("hot_disk_gb"),
        "in memory, GB": rounded("warm_gb"),
        "dollars a month": "dollars_a_month",
        "dollars a user and year": lambda line: f"{line['dollars_a_user_year']:.3f}",
    }
    parts = plans[0]["dollars_for"]
    return Published(
        listed(plans, columns)
        + "\n\n"
        + table(["dollars a month", *parts], [[plans[0]["case"], *parts.values()]])
        + f"\n\nPrices are assumptions, noted {plans[0]['prices_noted']}: round figures near a "
        "large cloud's on-demand list, in `benchmarks/scale_plan.py` with the machines that they "
        "are for."
    )


PAGES: dict[str, dict[str, Make]] = {
    "benchmarks.md": {
        "store_by_length": store_by_length,
        "http_by_length": http_by_length,
        "many_sessions": many_sessions,
        "http_append": http_append,
        "hot_path": hot_path,
        "flame": flame,
        "peers_store": peers_store,
        "memory": memory,
    },
    "schema.md": {"schema_shapes": shapes},
    "session-approaches.md": {"session_approaches": approaches},
    "scaling.md": {
        "scale_model: costs": scale_costs,
        "scale_model: checks": scale_checks,
        "scale_model: plan": scale_plan,
    },
}
