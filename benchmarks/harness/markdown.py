"""Results as Markdown."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

Line = dict[str, Any]


def table(head: Sequence[Any], rows: Sequence[Sequence[Any]]) -> str:
    """A table: the first column of text, the others of figures."""
    lines = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
    return "\n".join("| " + " | ".join(map(cell, line)) + " |" for line in lines)


def cell(value: Any) -> str:
    """A figure with as many digits as it deserves; nothing is a dash."""
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def by(lines: Sequence[Line], *keys: str) -> list[tuple[tuple[Any, ...], list[Line]]]:
    """Consecutive lines that agree on `keys`."""
    grouped = groupby(lines, key=lambda line: tuple(line[key] for key in keys))
    return [(key, list(group)) for key, group in grouped]


def pivot(
    lines: Sequence[Line], *, row: str, column: str, value: str, head: str, missing: str = "–"
) -> str:
    """A row for each `row`, a column for each `column`, in order of appearance and of size."""
    columns = sorted({line[column] for line in lines})
    found = {(line[row], line[column]): line.get(value) for line in lines}
    names = list(dict.fromkeys(line[row] for line in lines))
    rows = [[name, *(_or(found.get((name, one)), missing) for one in columns)] for name in names]
    return table([head, *columns], rows)


def _or(value: Any, missing: str) -> Any:
    return missing if value is None else value
