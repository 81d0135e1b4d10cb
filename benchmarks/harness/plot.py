"""Line charts on two logarithmic axes, as SVG that follows the reader's light or dark theme."""

import math
from collections.abc import Iterable, Mapping, Sequence
from html import escape

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 128, 40, 48
# Distinguishable in print and by people who see few colours (Okabe and Ito, 2008).
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_STYLE = """
text { font: 12px system-ui, sans-serif; fill: #333 } .title { font-size: 14px; font-weight: 600 }
.grid { stroke: #ddd } polyline { fill: none; stroke-width: 2 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } .grid { stroke: #444 } }
"""


def chart(title: str, series: Mapping[str, Points], *, x: str, y: str) -> str:
    """An SVG document; `x` and `y` name the axes."""
    xs = [point[0] for points in series.values() for point in points]
    ys = [point[1] for points in series.values() for point in points]
    across = _Axis(min(xs), max(xs), LEFT, WIDTH - RIGHT)
    up = _Axis(10 ** math.floor(math.log10(min(ys))), max(ys) * 1.2, HEIGHT - BOTTOM, TOP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style>",
        f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
        *_grid(across, up),
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}" text-anchor="middle">'
        f"{escape(x)}</text>",
        f'<text x="14" y="{HEIGHT / 2}" text-anchor="middle" '
        f'transform="rotate(-90 14 {HEIGHT / 2})">{escape(y)}</text>',
    ]
    ends = _apart([up.place(points[-1][1]) for points in series.values()])
    for (name, points), colour, end in zip(series.items(), COLOURS, ends, strict=False):
        path = " ".join(f"{across.place(a):.1f},{up.place(b):.1f}" for a, b in points)
        parts.append(f'<polyline points="{path}" stroke="{colour}"/>')
        parts += [
            f'<circle cx="{across.place(a):.1f}" cy="{up.place(b):.1f}" r="3" fill="{colour}"/>'
            for a, b in points
        ]
        beside = across.place(points[-1][0]) + 10
        parts.append(
            f'<text x="{beside:.1f}" y="{end + 4:.1f}" style="fill:{colour}">{escape(name)}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


class _Axis:
    """From values to places, logarithmically."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._high = math.log10(low), math.log10(high)
        self._start, self._end = start, end

    def place(self, value: float) -> float:
        """Where `value` is drawn."""
        share = (math.log10(value) - self._low) / ((self._high - self._low) or 1)
        return self._start + share * (self._end - self._start)

    def ticks(self) -> list[float]:
        """The powers of ten on the axis; where they are few, twice and five times as well."""
        powers = range(math.floor(self._low), math.ceil(self._high) + 1)
        tens = self._within(10.0**power for power in powers)
        if len(tens) >= 3:
            return tens
        return self._within(times * 10.0**power for power in powers for times in (1, 2, 5))

    def _within(self, values: Iterable[float]) -> list[float]:
        low, high = self._low - 1e-9, self._high + 1e-9
        return [value for value in values if low <= math.log10(value) <= high]


def _grid(across: _Axis, up: _Axis) -> list[str]:
    lines = []
    for value in across.ticks():
        at = across.place(value)
        lines.append(
            f'<line class="grid" x1="{at:.1f}" y1="{TOP}" x2="{at:.1f}" y2="{HEIGHT - BOTTOM}"/>'
            f'<text x="{at:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:,g}</text>'
        )
    for value in up.ticks():
        at = up.place(value)
        lines.append(
            f'<line class="grid" x1="{LEFT}" y1="{at:.1f}" x2="{WIDTH - RIGHT}" y2="{at:.1f}"/>'
            f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{value:,g}</text>'
        )
    return lines


def _apart(places: Sequence[float], *, least: float = 15) -> list[float]:
    """The same places, moved so far that texts there do not overlap."""
    moved = dict.fromkeys(range(len(places)), 0.0)
    last = -math.inf
    for index in sorted(moved, key=lambda index: places[index]):
        last = moved[index] = max(places[index], last + least)
    return list(moved.values())
