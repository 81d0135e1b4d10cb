"""Write the results into the documents: tables between their marks, and the charts.

    python -m benchmarks.publish --run                          # measure all again, and publish
    python -m benchmarks.publish --run store_by_length memory   # these
    python -m benchmarks.publish                                # publish what was measured

Every table and chart comes from the JSON lines in benchmarks/results, so a document cannot say what
no run has said. A benchmark without results keeps the table that it has.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.harness import plot
from benchmarks.harness.markdown import Line
from benchmarks.tables import PAGES, Make

ROOT = Path(__file__).parents[1]
RESULTS, DOCS = ROOT / "benchmarks" / "results", ROOT / "docs"


def main(argv: Sequence[str] = ()) -> None:
    """Rewrite the documents' tables and the charts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--run", nargs="*", metavar="NAME", help="first run these at full size; none named: all"
    )
    options = parser.parse_args(argv)
    if options.run is not None:
        run(options.run or list(dict.fromkeys(map(_benchmark, _names()))))
    for page, tables in PAGES.items():
        renew(DOCS / page, tables)


def run(names: Sequence[str]) -> None:
    """Measure each at full size; one that fails keeps the results that it has.

    Raises subprocess.CalledProcessError.
    """
    for name in names:
        print(f"── {name}", file=sys.stderr)
        path, fresh = RESULTS / f"{name}.jsonl", RESULTS / f"{name}.jsonl.part"
        command = [sys.executable, "-m", f"benchmarks.{name}"]
        with fresh.open("w") as lines:
            subprocess.run(command, cwd=ROOT, stdout=lines, check=True)
        fresh.replace(path)


def renew(document: Path, tables: Mapping[str, Make]) -> None:
    """Put each table between its marks, and draw its charts."""
    text = document.read_text() if document.exists() else ""
    for name in tables:
        if published := rendered(name, tables[name]):
            marked = re.compile(rf"<!-- {re.escape(name)} -->\n.*?<!-- end -->", re.DOTALL)
            before, after = marked.split(text)
            text = f"{before}<!-- {name} -->\n\n{published}\n\n<!-- end -->{after}"
    if text:
        document.write_text(text)


def rendered(name: str, make: Make) -> str:
    """What stands between the marks of `benchmark: part`; nothing without results.

    The first part of a benchmark says which machine it was.
    """
    path = RESULTS / f"{_benchmark(name)}.jsonl"
    if not path.exists():
        return ""
    lines: list[Line] = [json.loads(line) for line in path.read_text().splitlines()]
    published = make([line for line in lines if line["name"] != "machine"])
    parts = [published.markdown]
    if name == next(each for each in _names() if _benchmark(each) == _benchmark(name)):
        parts = [_machine(line) for line in lines if line["name"] == "machine"] + parts
    for file, (title, series, x) in published.charts.items():
        images = DOCS / "images"
        images.mkdir(parents=True, exist_ok=True)
        svg = plot.chart(title, series, x=x, y="milliseconds (p50)")
        (images / f"{file}.svg").write_text(svg)
    return "\n\n".join(parts)


def _names() -> list[str]:
    return [name for tables in PAGES.values() for name in tables]


def _benchmark(name: str) -> str:
    return name.partition(":")[0]


def _machine(line: Line) -> str:
    return (
        f"*{line['cores']} cores ({line['cpu']}), {line['memory_gb']} GB, {line['filesystem']}, "
        f"MongoDB {line['mongodb']}, Python {line['python']}.*"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
