"""Figures on their way out: a JSON object per line on stdout, a table for people on stderr."""

import json
import os
import platform
import statistics
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

Line = dict[str, Any]


def quantile(samples: Sequence[float], share: float) -> float:
    """The sample at `share` (0..1) of the sorted samples."""
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def timing(samples_ms: Sequence[float]) -> Line:
    """What is said of a series of milliseconds. The mean shows what happens once in many calls."""
    return {
        "n": len(samples_ms),
        "p50_ms": round(statistics.median(samples_ms), 3),
        "p95_ms": round(quantile(samples_ms, 0.95), 3),
        "mean_ms": round(statistics.fmean(samples_ms), 3),
    }


class Report:
    """The lines of one benchmark."""

    def __init__(self, benchmark: str) -> None:
        self._benchmark = benchmark
        self._lines: list[Line] = []

    def add(self, name: str, **figures: Any) -> None:
        """Print a line at once, so that a run which is stopped has said what it knew."""
        line = {"benchmark": self._benchmark, "name": name, **figures}
        if "target" in figures and figures.get("ratio") is not None:
            sign = figures.get("bound", "at most")
            held = figures["ratio"] <= figures["target"]
            line["holds"] = held if sign == "at most" else figures["ratio"] >= figures["target"]
        print(json.dumps(line, ensure_ascii=False), flush=True)
        self._lines.append(line)

    def by_length(
        self, name: str, samples: Mapping[int, Sequence[float]], *, target: float | None = None
    ) -> None:
        """A line for each length; ratios are of medians, to the shortest length and to 100."""
        medians = {length: statistics.median(taken) for length, taken in samples.items()}
        shortest = next(iter(medians.values()))
        for length, taken in samples.items():
            to_100 = round(medians[length] / medians[100], 2) if 100 in medians else None
            self.add(
                name,
                messages=length,
                **timing(taken),
                ratio=round(medians[length] / shortest, 2),
                ratio_to_100=to_100,
                **({} if target is None else {"target": target}),
            )

    def machine(self, directory: Path, **more: Any) -> None:
        """Say what this was measured on; absolute times mean nothing without it."""
        self.add(
            "machine",
            cpu=_cpu_model(),
            cores=os.cpu_count(),
            memory_gb=round(psutil.virtual_memory().total / 2**30),
            filesystem=filesystem(directory),
            python=platform.python_version(),
            **more,
        )

    def table(self) -> None:
        """Everything again, aligned, on stderr."""
        rows = [line for line in self._lines if line["name"] != "machine"]
        columns = list(dict.fromkeys(key for row in rows for key in row if key != "benchmark"))
        cells = [[_cell(row.get(column)) for column in columns] for row in rows]
        widths = [max(map(len, column)) for column in zip(columns, *cells, strict=True)]
        for row in [columns, *cells]:
            line = "  ".join(text.rjust(width) for text, width in zip(row, widths, strict=True))
            print(line, file=sys.stderr)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, int | float):
        return f"{value:,}"
    return str(value)


def progress(text: str) -> None:
    """Tell people what is going on; data sets take minutes."""
    print(text, file=sys.stderr, flush=True)


def filesystem(directory: Path) -> str:
    """The type of the file system that holds `directory`: on tmpfs a journal costs nothing."""
    place = str(directory.resolve())
    mounts = [
        mount
        for mount in psutil.disk_partitions(all=True)
        if Path(place).is_relative_to(mount.mountpoint)
    ]
    return max(mounts, key=lambda mount: len(mount.mountpoint)).fstype if mounts else "unknown"


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()
