"""Bar charts for the dashboard, as SVG and as a table of the same figures.

A drawing is WIDTH by HEIGHT and stretched by the page, so its labels are HTML beside it. Bars and
rows are formatted here and not in a template, which took nine tenths of the page's time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 1000.0, 100.0
# The share of a column that is left empty; wide bars look like walls.
_GAP, _WIDE_GAP = 0.22, 0.55
# So many columns have room for a name each.
_MAX_NAMES = 7
_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of figure with a value for each column; None where it was not counted."""

    label: str
    css: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    x: str
    y: str
    width: str
    height: str
    css: str


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the drawing: its stacked bars, and its tooltip."""

    x: str
    width: str
    bars: Sequence[Bar]
    tooltip: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of stacked bars, with its scale and its table."""

    columns: Sequence[Column]
    series: Sequence[Series]
    ticks: Sequence[str]
    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]

    @property
    def drawing(self) -> SafeString:
        """The bars as SVG; all of a column's height shows its tooltip."""
        return mark_safe("".join(map(_svg, self.columns)))  # noqa: S308 - all text is escaped

    @property
    def table(self) -> SafeString:
        return mark_safe("".join(map(_table_row, self.rows)))  # noqa: S308 - all text is escaped

    @property
    def is_named(self) -> bool:
        """Whether every column has its name below it, rather than the first and the last."""
        return len(self.names) == len(self.columns)

    @property
    def only(self) -> tuple[str, str] | None:
        """The column that alone has a bar, and its figures: one bar shows no course of things."""
        full = [
            (name, cells)
            for (name, cells), column in zip(self.rows, self.columns, strict=True)
            if column.bars
        ]
        if len(full) != 1 or len(self.columns) == 1:
            return None
        [(name, cells)] = full
        figures = [
            cells[0] if len(self.series) == 1 else f"{part.label} {cell}"
            for part, cell in zip(self.series, cells, strict=True)
        ]
        return name, ", ".join(figures)

    @property
    def is_empty(self) -> bool:
        return not any(value for series in self.series for value in series.values)


def chart(
    names: Sequence[str],
    series: Sequence[Series],
    *,
    write: Callable[[float], str] = lambda value: f"{value:,.0f}",
    top: float | None = None,
) -> Chart:
    """A chart with a column per name. `write` formats values; `top` fixes the scale's end."""
    totals = [sum(part.values[index] or 0 for part in series) for index in range(len(names))]
    scale = top or rounded_up(max(totals, default=0))
    step, few = WIDTH / max(1, len(names)), len(names) <= _MAX_NAMES
    gap = _WIDE_GAP if few else _GAP
    columns = []
    for index, name in enumerate(names):
        bars, top_of_bars = [], 0.0
        for part in series:
            height = (part.values[index] or 0) / scale * HEIGHT
            if height:
                top_of_bars += height
                bars.append(
                    Bar(
                        x=f"{(index + gap / 2) * step:.2f}",
                        y=f"{HEIGHT - top_of_bars:.2f}",
                        width=f"{step * (1 - gap):.2f}",
                        height=f"{height:.2f}",
                        css=part.css,
                    )
                )
        values = ", ".join(f"{part.label} {_cell(part.values[index], write)}" for part in series)
        columns.append(Column(f"{index * step:.2f}", f"{step:.2f}", bars, f"{name}: {values}"))
    return Chart(
        columns=columns,
        series=series,
        ticks=[write(scale), write(scale / 2), write(0)],
        names=names if few else (names[0], names[-1]),
        rows=[
            (name, [_cell(part.values[index], write) for part in series])
            for index, name in enumerate(names)
        ],
    )


def _svg(column: Column) -> str:
    bars = "".join(
        f'<rect class="{bar.css}" x="{bar.x}" y="{bar.y}"'
        f' width="{bar.width}" height="{bar.height}"/>'
        for bar in column.bars
    )
    return (
        f'<g class="column"><title>{escape(column.tooltip)}</title>'
        f'<rect class="reach" x="{column.x}" y="0" width="{column.width}" height="{HEIGHT:g}"/>'
        f"{bars}</g>"
    )


def _table_row(row: tuple[str, Sequence[str]]) -> str:
    name, cells = row
    data = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(name)}</th>{data}</tr>'


def rounded_up(value: float) -> float:
    """The next round number that a scale may end with; at least 4."""
    if value <= 4:
        return 4
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in _STEPS if step * power >= value * 0.999_999)


def _cell(value: float | None, write: Callable[[float], str]) -> str:
    return "not counted" if value is None else write(value)


def in_bytes(value: float) -> str:
    """A size with its unit: 950 B, 12.4 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1_000:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1_000
    return f"{value:,.1f} TB"


def short(value: float) -> str:
    """A number in few characters: 950, 12.4k, 3.1M."""
    for bound, unit in ((1e9, "B"), (1e6, "M"), (1e4, "k")):
        if value >= bound:
            divisor = 1e3 if unit == "k" else bound
            return f"{value / divisor:.1f}".removesuffix(".0") + unit
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"
