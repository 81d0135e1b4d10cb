"""Draws what each strategy keeps and drops as an SVG: two panels of stacked bars."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

WIDTH: Final = 760
_LEFT, _BAR, _STEP, _HEIGHT = 90, 470, 34, 22
_KEPT, _DROPPED, _INK, _FAINT = "#2b6cb0", "#d7dee8", "#1a202c", "#5a6575"
_PANEL = 40 + 4 * _STEP + 14


def plot(result: Mapping[str, Any]) -> str:
    """Draw `Tally.as_json` as an SVG document without external fonts, scripts or styles."""
    panels = ("messages", "tokens")
    height = 70 + len(panels) * _PANEL
    title = f"What each strategy keeps of {result['sessions']:,} sessions"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'width="{WIDTH}" height="{height}" font-family="sans-serif" font-size="13" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(20, 32, title, size=17, weight="bold"),
        *_legend(),
    ]
    for number, unit in enumerate(panels):
        lines += _panel(result, unit, 64 + number * _PANEL)
    return "\n".join([*lines, "</svg>", ""])


def _legend() -> Iterator[str]:
    for x, colour, name in ((20, _KEPT, "kept"), (80, _DROPPED, "dropped")):
        yield f'<rect x="{x}" y="44" width="12" height="12" fill="{colour}"/>'
        yield _text(x + 18, 55, name, fill=_FAINT)


def _panel(result: Mapping[str, Any], unit: str, top: int) -> Iterator[str]:
    whole = result["stored"][unit]
    yield _text(20, top + 28, f"{unit} (stored: {whole:,})", weight="bold")
    for row, (strategy, amount) in enumerate(result["strategies"].items()):
        y = top + 40 + row * _STEP
        share = amount[unit] / whole if whole else 0.0
        # A bar must not leave its panel, whatever the numbers are.
        length = round(_BAR * min(share, 1), 1)
        middle = y + _HEIGHT - 6
        yield _text(_LEFT - 8, middle, strategy, anchor="end")
        yield f'<rect x="{_LEFT}" y="{y}" width="{_BAR}" height="{_HEIGHT}" fill="{_DROPPED}"/>'
        yield f'<rect x="{_LEFT}" y="{y}" width="{length}" height="{_HEIGHT}" fill="{_KEPT}"/>'
        label = f"{amount[unit]:,} kept ({share:.1%})" if whole else "nothing stored"
        yield _text(_LEFT + _BAR + 10, middle, label)


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: int = 13,
    weight: str = "normal",
    anchor: str = "start",
    fill: str = _INK,
) -> str:
    return (
        f'<text x="{x}" y="{y}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{fill}">{escape(text)}</text>'
    )
