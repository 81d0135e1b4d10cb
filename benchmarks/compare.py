"""Before and after: the same benchmarks in another checkout and in this one, in turn.

    python -m benchmarks.compare ../before store_by_length review_list
    python -m benchmarks.compare ../before http_append -- --requests 256 --connections 1

Each checkout runs its own copy of the benchmark, with its own code and, where it has one, its own
`.venv`; what comes after `--` is passed to both. Which one begins changes from round to round. A
JSON line for each figure that both print gives its medians and `ratio`, after to before, as the
median over the rounds, between `least` and `greatest`. Lines that only one prints are named.
"""

import argparse
import json
import signal
import statistics
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.harness import report

ROOT = Path(__file__).parents[1]
BENCHMARKS = ("store_by_length", "http_append", "review_list", "dashboard")
# What tells the lines of a benchmark apart, and the figures in them.
IDENTITY = ("name", "variant", "store", "strategy", "messages", "connections", "sessions")
FIGURES = ("p50_ms", "p95_ms", "ms", "per_second", "worker_cpu_ms", "mongod_cpu_ms", "cpu_us")

Figures = dict[tuple[Any, ...], float]  # by the line's identity and the figure's name


def main(argv: Sequence[str] | None = None) -> None:
    """Parse, run both checkouts in turn, report."""
    given = list(sys.argv[1:] if argv is None else argv)
    cut = given.index("--") if "--" in given else len(given)
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("before", type=Path, help="the checkout to compare with")
    parser.add_argument("benchmarks", nargs="*", default=BENCHMARKS, metavar="NAME")
    parser.add_argument("--after", type=Path, default=ROOT, help="this checkout by default")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each checkout")
    options = parser.parse_args(given[:cut])
    checkouts = {"before": options.before.resolve(), "after": options.after.resolve()}
    for side, checkout in checkouts.items():
        for name in options.benchmarks:
            if not (checkout / "benchmarks" / f"{name}.py").exists():
                parser.error(f"{side}: {checkout} has no benchmarks/{name}.py")
    result = report.Report("compare")
    for name in options.benchmarks:
        taken = measured(checkouts, name, given[cut + 1 :], options.rounds)
        for line in compared(taken["before"], taken["after"]):
            result.add(name, **line)
        for only in unmatched(taken["before"], taken["after"]):
            report.progress(f"{name}: {only}")
    result.table()


def measured(
    checkouts: Mapping[str, Path], name: str, arguments: Sequence[str], rounds: int
) -> dict[str, list[Figures]]:
    """The figures of each round, by side."""
    taken: dict[str, list[Figures]] = {side: [] for side in checkouts}
    order = list(checkouts)
    for number in range(rounds):
        for side in order:
            report.progress(f"{name}, round {number + 1} of {rounds}: {side}")
            taken[side].append(figures(run(checkouts[side], name, arguments)))
        order.reverse()
    return taken


def run(checkout: Path, name: str, arguments: Sequence[str]) -> Iterator[dict[str, Any]]:
    """The lines of a benchmark, as a checkout runs it.

    Raises subprocess.CalledProcessError.
    """
    own = checkout / ".venv" / "bin" / "python"
    python = str(own) if own.exists() else sys.executable
    command = [python, "-m", f"benchmarks.{name}", *arguments]
    with subprocess.Popen(command, cwd=checkout, stdout=subprocess.PIPE, text=True) as process:
        try:
            output, _ = process.communicate()
        except BaseException:
            process.terminate()  # and not kill: a benchmark stops what it has started
            raise
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return map(json.loads, output.splitlines())


def figures(lines: Iterator[dict[str, Any]]) -> Figures:
    """Every figure of a run."""
    return {
        (*((key, line[key]) for key in IDENTITY if key in line), figure): line[figure]
        for line in lines
        for figure in FIGURES
        if line.get(figure)
    }


def compared(before: Sequence[Figures], after: Sequence[Figures]) -> Iterator[dict[str, Any]]:
    """A line for each figure that every round of both has."""
    for key in before[0]:
        if not all(key in each for each in [*before, *after]):
            continue
        *identity, figure = key
        ratios = [b[key] / a[key] for a, b in zip(before, after, strict=True)]
        labels = dict(identity)
        yield {
            "what": labels.pop("name"),
            **labels,
            "figure": figure,
            "before": round(statistics.median(each[key] for each in before), 3),
            "after": round(statistics.median(each[key] for each in after), 3),
            "ratio": round(statistics.median(ratios), 3),
            "least": round(min(ratios), 3),
            "greatest": round(max(ratios), 3),
        }


def unmatched(before: Sequence[Figures], after: Sequence[Figures]) -> list[str]:
    """What only one side measured, in words."""
    names = {}
    for side, rounds in (("before", before), ("after", after)):
        names[side] = {
            " ".join(str(value) for _, value in key[:-1]) for each in rounds for key in each
        }
    return [
        f"only {side}: {name}"
        for side, other in (("before", "after"), ("after", "before"))
        for name in sorted(names[side] - names[other])
    ]


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
