"""Bars for the dashboard: where each stands in a drawing, and the same figures as a table.

A drawing is WIDTH by HEIGHT, stretched by the page to the room there is; what is to be read stands
beside it as text. Bars and rows are written here and not in a template, which took nine tenths of
the page's time for them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import floor, log10

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 1000.0, 100.0
# Of a bar's place, what is left between it and the next; wide bars look like walls.
_GAP, _WIDE_GAP = 0.22, 0.55
# As many places have room for their names.
_NAMED = 7
_STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)


@dataclass(frozen=True, slots=True)
class Series:
    """One kind of figure, a value for each place; None where it was not counted."""

    label: str
    css: str
    values: Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle of the drawing."""

    x: str
    y: str
    width: str
    height: str
    css: str


@dataclass(frozen=True, slots=True)
class Column:
    """A place of the drawing: its bars, and what is said of it where somebody points."""

    x: str
    width: str
    bars: Sequence[Bar]
    said: str


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing of bars that stand on one another, with its scale and its table."""

    columns: Sequence[Column]
    series: Sequence[Series]
    ticks: Sequence[str]
    names: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]

    @property
    def drawing(self) -> SafeString:
        """The bars as SVG: each place with what is said of it, and as much room to point at."""
        return mark_safe("".join(map(_drawn, self.columns)))  # noqa: S308 - all text is escaped

    @property
    def table(self) -> SafeString:
        """The rows of the table."""
        return mark_safe("".join(map(_row, self.rows)))  # noqa: S308 - all text is escaped

    @property
    def is_named(self) -> bool:
        """Whether every place has its name below it, rather than the first and the last."""
        return len(self.names) == len(self.columns)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(value for one in self.series for value in one.values)


def chart(
    places: Sequence[str],
    series: Sequence[Series],
    *,
    say: Callable[[float], str] = lambda value: f"{value:,.0f}",
    top: float | None = None,
) -> Chart:
    """Bars over `places`. `say` writes a value; `top` is the scale's, where it is fixed."""
    totals = [sum(one.values[at] or 0 for one in series) for at in range(len(places))]
    scale = top or rounded_up(max(totals, default=0))
    step, few = WIDTH / max(1, len(places)), len(places) <= _NAMED
    gap = _WIDE_GAP if few else _GAP
    columns = []
    for at, place in enumerate(places):
        bars, height = [], 0.0
        for one in series:
            part = (one.values[at] or 0) / scale * HEIGHT
            if part:
                height += part
                bars.append(
                    Bar(
                        x=f"{(at + gap / 2) * step:.2f}",
                        y=f"{HEIGHT - height:.2f}",
                        width=f"{step * (1 - gap):.2f}",
                        height=f"{part:.2f}",
                        css=one.css,
                    )
                )
        said = ", ".join(f"{one.label} {_cell(one.values[at], say)}" for one in series)
        columns.append(Column(f"{at * step:.2f}", f"{step:.2f}", bars, f"{place}: {said}"))
    return Chart(
        columns=columns,
        series=series,
        ticks=[say(scale), say(scale / 2), say(0)],
        names=places if few else (places[0], places[-1]),
        rows=[
            (place, [_cell(one.values[at], say) for one in series])
            for at, place in enumerate(places)
        ],
    )


def _drawn(column: Column) -> str:
    bars = "".join(
        f'<rect class="{bar.css}" x="{bar.x}" y="{bar.y}"'
        f' width="{bar.width}" height="{bar.height}"/>'
        for bar in column.bars
    )
    return (
        f'<g class="column"><title>{escape(column.said)}</title>'
        f'<rect class="reach" x="{column.x}" y="0" width="{column.width}" height="{HEIGHT:g}"/>'
        f"{bars}</g>"
    )


def _row(row: tuple[str, Sequence[str]]) -> str:
    place, cells = row
    shown = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{escape(place)}</th>{shown}</tr>'


def rounded_up(value: float) -> float:
    """The next number that a scale may end with: few digits, and noughts; at least 4."""
    if value <= 4:
        return 4
    power = 10.0 ** floor(log10(value))
    return next(step * power for step in _STEPS if step * power >= value * 0.999_999)


def _cell(value: float | None, say: Callable[[float], str]) -> str:
    return "not counted" if value is None else say(value)


def in_bytes(value: float) -> str:
    """A size as people say it."""
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
