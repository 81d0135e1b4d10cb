from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

SHOWN = 10


def closing_table(result: Mapping[str, Any]) -> Group:
    """Lay out `Measurements.as_json`: times, totals, and the first mismatches and failures."""
    parts: list[Table | Text] = [_routes(result), _totals(result)]
    for name in ("mismatches", "failures"):
        sentences = result[name]
        if sentences:
            parts.append(Text(f"\n{name}:"))
            parts += [_line(f"  {sentence}") for sentence in sentences[:SHOWN]]
        if len(sentences) > SHOWN:
            parts.append(Text(f"  and {len(sentences) - SHOWN:,} more"))
    return Group(*parts)


def _line(text: str) -> Text:
    # Never wrapped, since programs read these lines as well.
    return Text(text, no_wrap=True, overflow="ignore")


def _routes(result: Mapping[str, Any]) -> Table:
    table = Table("route", box=box.SIMPLE_HEAD)
    for heading in ("requests", "p50 ms", "p95 ms"):
        table.add_column(heading, justify="right")
    for times in result["routes"]:
        table.add_row(
            times["route"],
            f"{times['requests']:,}",
            f"{times['p50_ms']:,.1f}",
            f"{times['p95_ms']:,.1f}",
        )
    return table


def _totals(result: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2))
    table.add_column()
    table.add_column(justify="right")
    for name in ("sessions", "messages", "requests", "retries"):
        table.add_row(name, f"{result[name]:,}")
    for name in ("mismatches", "failures"):
        table.add_row(name, f"{len(result[name]):,}")
    table.add_row("seconds", f"{result['seconds']:,.1f}")
    return table
