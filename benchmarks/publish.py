"""Write the results into the documents: tables between their marks, and the plots.

    python -m benchmarks.publish --run                          # measure all again, and publish
    python -m benchmarks.publish --run store_by_length memory   # these
    python -m benchmarks.publish                                # publish what was measured

Every table and plot comes from the JSON lines in benchmarks/results, so the document cannot say
what no run has said. A benchmark without results keeps the table that it has.
"""

import argparse
import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks import publish_run, publish_study
from benchmarks.harness import plot
from benchmarks.harness.markdown import Line, by, cell, table

ROOT = Path(__file__).parents[1]
RESULTS, DOCUMENT = ROOT / "benchmarks" / "results", ROOT / "docs" / "benchmarks.md"
IMAGES = ROOT / "docs" / "images"


def main(argv: Sequence[str] = ()) -> None:
    """Rewrite the documents' tables and the plots."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--run", nargs="*", metavar="NAME", help="first run these at full size; none named: all"
    )
    given = parser.parse_args(argv)
    if given.run is not None:
        publish_run.run(given.run or _known(), RESULTS)
    _renew(DOCUMENT, TABLES)
    for document, tables in publish_study.PAGES.items():
        _renew(document, tables)


def _known() -> list[str]:
    names = [*TABLES, *(name for tables in publish_study.PAGES.values() for name in tables)]
    return list(dict.fromkeys(name.partition(":")[0] for name in names))


def _renew(document: Path, tables: Mapping[str, Callable[[Sequence[Line]], str]]) -> None:
    """Put each table between its marks. `results: part` is one table of several."""
    text = document.read_text() if document.exists() else ""
    for name, made in tables.items():
        benchmark, _, part = name.partition(": ")
        path = RESULTS / f"{benchmark}.jsonl"
        if not path.exists():
            continue
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        machine = next(line for line in lines if line["name"] == "machine")
        said = made([line for line in lines if line is not machine])
        if part in ("", "machine"):
            said = f"{_machine(machine)}\n\n{said}".strip()
        marked = re.compile(rf"<!-- {re.escape(name)} -->\n.*?<!-- end -->", re.DOTALL)
        before, after = marked.split(text)
        text = f"{before}<!-- {name} -->\n\n{said}\n\n<!-- end -->{after}"
    if text:
        document.write_text(text)


def _machine(line: Line) -> str:
    return (
        f"*{line['cores']} cores ({line['cpu']}), {line['memory_gb']} GB, {line['filesystem']}, "
        f"MongoDB {line['mongodb']}, Python {line['python']}.*"
    )


def _verdict(line: Line) -> str:
    if "target" not in line:
        return "–"
    return f"{line['target']:g}" + ("" if line["holds"] else " (missed)")


def store_by_length(lines: Sequence[Line]) -> str:
    """Milliseconds by operation and length."""
    lengths = sorted({line["messages"] for line in lines})
    head = ["p50, ms", *map(cell, lengths), "longest : 10", "longest : 100", "target"]
    grouped = by(lines, "name")
    _save(
        "store-by-length",
        "Ours, by the length of the session",
        {name: _points(group) for (name,), group in grouped if "target" in group[0]},
    )
    rows = [
        [
            name,
            *(line["p50_ms"] for line in group),
            group[-1]["ratio"],
            group[-1]["ratio_to_100"] or "",
            _verdict(group[-1]),
        ]
        for (name,), group in grouped
    ]
    return table(head, rows) + "\n\n![Milliseconds by length](images/store-by-length.svg)"


def many_sessions(lines: Sequence[Line]) -> str:
    """A small database beside a large one."""
    head = ["p50, ms", "few sessions", "many sessions", "many : few", "target"]
    rows = [
        [name, few["p50_ms"], many["p50_ms"], many["ratio"], _verdict(many)]
        for (name,), (few, many) in by(lines, "name")
    ]
    few, many = lines[0], lines[1]
    return table(head, rows) + (
        f"\n\nFew: {few['sessions_of_user']:,} sessions of one user. "
        f"Many: {many['sessions_of_user']:,} of that user among {many['sessions_in_all']:,}."
    )


def http_append(lines: Sequence[Line]) -> str:
    """The service beside both baselines."""
    columns = {
        "request": "name",
        "messages": "messages",
        "connections": "connections",
        "variant": "variant",
        "per second": "per_second",
        "p50, ms": "p50_ms",
        "p95, ms": "p95_ms",
        "worker CPU, ms": "worker_cpu_ms",
        "of bare": "ratio",
        "times naive": "times_naive",
    }
    rows = [[*(line[key] for key in columns.values()), _verdict(line)] for line in lines]
    return table([*columns, "target of bare"], rows)


def hot_path(lines: Sequence[Line]) -> str:
    """What each step costs a worker."""
    rows = [[line["name"], round(line["cpu_us"])] for line in lines]
    return table(["processor time of the worker's thread", "µs"], rows)


def peers_store(lines: Sequence[Line]) -> str:
    """The peers beside ours, one table per question."""
    versions = next(line for line in lines if line["name"] == "versions")
    parts = [" and ".join(versions[peer] for peer in ("LangChain", "Agents SDK")) + "."]
    for (name,), group in by([line for line in lines if line is not versions], "name"):
        lengths = sorted({line["messages"] for line in group})
        # The longest session may have been measured in a run of its own, behind the others.
        stores = dict.fromkeys(line["store"] for line in group)
        by_store = {who: [line for line in group if line["store"] == who] for who in stores}
        rows = [[who, *(line["p50_ms"] for line in own)] for who, own in by_store.items()]
        file = "peers-" + re.sub(r"[^a-z0-9]+", "-", name)
        _save(file, f"{name}, by store", {who: _points(own) for who, own in by_store.items()})
        parts += [
            table([f"{name}: p50, ms", *map(cell, lengths)], rows),
            f"![{name} by store and length](images/{file}.svg)",
        ]
    return "\n\n".join(parts)


def expiry(lines: Sequence[Line]) -> str:
    """How fast sessions end, and the appends beside that."""
    kinds: dict[str, list[Line]] = {}
    for line in lines:
        kinds.setdefault(line["name"].split(":")[0], []).append(line)
    head = ["", "sessions a second", "target", "appends' p95, ms", "beside it", "ratio", "target"]
    rows = []
    for kind, (rate, alone, beside) in kinds.items():
        rows.append(
            [
                kind,
                rate["per_second"],
                "2,000" + ("" if rate["holds"] else " (missed)"),
                alone["p95_ms"],
                beside["p95_ms"],
                beside["ratio"],
                _verdict(beside),
            ]
        )
    first = lines[0]
    return table(head, rows) + (
        f"\n\n{first['due']:,} sessions due, with a bucket and annotations each, among "
        f"{first['sessions_in_all']:,}."
    )


def metrics_cost(lines: Sequence[Line]) -> str:
    """Appends with and without counting; a scrape."""
    head = ["ms", "p50", "p95", "ratio", "target"]
    rows = [
        [line["name"], line["p50_ms"], line["p95_ms"], line.get("ratio", ""), _verdict(line)]
        for line in lines
    ]
    return table(head, rows)


def memory(lines: Sequence[Line]) -> str:
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
    return "\n\n".join(sentences)


def _points(lines: Sequence[Line]) -> plot.Points:
    return [(line["messages"], line["p50_ms"]) for line in lines]


def _save(name: str, title: str, series: dict[str, plot.Points]) -> None:
    IMAGES.mkdir(parents=True, exist_ok=True)
    svg = plot.chart(title, series, x="messages in the session", y="milliseconds (p50)")
    (IMAGES / f"{name}.svg").write_text(svg)


TABLES: dict[str, Callable[[Sequence[Line]], str]] = {
    "store_by_length": store_by_length,
    "many_sessions": many_sessions,
    "http_append": http_append,
    "hot_path": hot_path,
    "peers_store": peers_store,
    "memory": memory,
    "expiry": expiry,
    "metrics_cost": metrics_cost,
}


if __name__ == "__main__":
    main(sys.argv[1:])
