"""Results as Markdown tables, and the points of a chart."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks.harness.plot import Points

Line = dict[str, Any]


def table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    """A table: the first column of text, the others of figures.

    Raises ValueError for a row that has not a cell under each heading.
    """
    for row in rows:
        if len(row) != len(head):
            raise ValueError(f"{len(row)} cells under {len(head)} headings: {row}")
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def cell(value: Any) -> str:
    """A figure with as many digits as it deserves; nothing is a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def listed(lines: Sequence[Line], columns: Mapping[str, str | Callable[[Line], Any]]) -> str:
    """A row for each line; a column is a key of the line or computed from it."""
    ways = [(lambda line, key=way: line.get(key)) if isinstance(way, str) else way
            for way in columns.values()]  # fmt: skip
    return table(list(columns), [[way(line) for way in ways] for line in lines])


def pivot(lines: Sequence[Line], *, row: str, column: str, value: str, head: str) -> str:
    """A row for each `row` in order of appearance, a column for each `column` in order of size."""
    columns = sorted({line[column] for line in lines})
    rows = [
        [name, *({line[column]: line[value] for line in group}.get(each) for each in columns)]
        for name, group in by(lines, row).items()
    ]
    return table([head, *columns], rows)


def by(lines: Sequence[Line], key: str) -> dict[Any, list[Line]]:
    """The lines by what they say under `key`, wherever they stand, in order of appearance."""
    groups: dict[Any, list[Line]] = {}
    for line in lines:
        groups.setdefault(line[key], []).append(line)
    return groups


def named(lines: Sequence[Line], name: str) -> list[Line]:
    """The lines of one name."""
    return [line for line in lines if line["name"] == name]


def series(lines: Sequence[Line], *, row: str, x: str, y: str) -> dict[str, Points]:
    """A chart's points by what `row` says, from left to right."""
    return {
        name: sorted((line[x], line[y]) for line in group) for name, group in by(lines, row).items()
    }
