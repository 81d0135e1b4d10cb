"""The closing table of a simulation."""

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from sessions_app.simulation.measurements import Measurements

SHOWN = 10


def closing_table(measurements: Measurements) -> Group:
    """Totals, times per route, and the first few of whatever was wrong."""
    parts: list[Table | Text] = [_routes(measurements), _totals(measurements)]
    for title, sentences in (
        ("Mismatches", measurements.mismatches),
        ("Failures", measurements.failures),
    ):
        if sentences:
            parts.append(Text(f"\n{title}:"))
            parts += [Text(f"  {sentence}") for sentence in sentences[:SHOWN]]
        if len(sentences) > SHOWN:
            parts.append(Text(f"  and {len(sentences) - SHOWN:,} more"))
    return Group(*parts)


def _routes(measurements: Measurements) -> Table:
    table = Table("Route", box=box.SIMPLE_HEAD)
    for heading in ("requests", "p50 ms", "p95 ms"):
        table.add_column(heading, justify="right")
    for times in measurements.routes():
        table.add_row(
            times.route, f"{times.requests:,}", f"{times.p50_ms:.1f}", f"{times.p95_ms:.1f}"
        )
    return table


def _totals(measurements: Measurements) -> Table:
    table = Table(box=None, show_header=False, pad_edge=True)
    table.add_column()
    table.add_column(justify="right")
    requests = sum(times.requests for times in measurements.routes())
    for name, number in (
        ("sessions", measurements.sessions),
        ("messages", measurements.messages),
        ("requests", requests),
        ("retries", measurements.retries),
        ("mismatches", len(measurements.mismatches)),
        ("failures", len(measurements.failures)),
    ):
        table.add_row(name, f"{number:,}")
    table.add_row("seconds", f"{measurements.seconds:.1f}")
    return table
