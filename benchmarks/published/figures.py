"""What the study's documents share: where they are, and lines by name."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from benchmarks.harness.markdown import Line

DOCS = Path(__file__).parents[2] / "docs"
IMAGES = DOCS / "images"

Tables = Mapping[str, Callable[[Sequence[Line]], str]]


def named(lines: Sequence[Line], name: str) -> list[Line]:
    """The lines of one name."""
    return [line for line in lines if line["name"] == name]


def series(
    lines: Sequence[Line], *, row: str, x: str, y: str
) -> dict[str, list[tuple[float, float]]]:
    """Points for a plot, by what `row` says."""
    found: dict[str, list[tuple[float, float]]] = {}
    for line in lines:
        if line.get(y):
            found.setdefault(line[row], []).append((line[x], line[y]))
    return found
