"""Drills: a fault in a real service, and what its users saw of it.

A drill is a test marked `drill(point, fault)`; it tells what users saw with the fixture `saw`. Its
short form runs with all tests, its full size is marked slow as well. `make drills` runs both, and
prints the table of what was seen.
"""

from collections.abc import Callable, Iterator

import pytest
from rich.console import Console
from rich.table import Table

Saw = Callable[[str], None]
_PROPERTY = "saw"


@pytest.fixture
def saw(request: pytest.FixtureRequest) -> Saw:
    """Notes a sentence on what users saw, for the table."""
    marker = request.node.get_closest_marker("drill")
    assert marker is not None, "a drill is marked as one: drill(point, fault)"
    point, fault = marker.args

    def note(sentence: str) -> None:
        request.node.user_properties.append((_PROPERTY, (point, fault, sentence)))

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The table, where drills were asked for."""
    if terminalreporter.config.getoption("markexpr") != "drill":
        return
    table = Table("Point", "Fault", "Users saw", "", title="What users saw")
    for point, fault, sentence, outcome in sorted(_rows(terminalreporter)):
        table.add_row(str(point), fault, sentence, outcome)
    Console(width=140).print(table)


def _rows(reporter: pytest.TerminalReporter) -> Iterator[tuple[int, str, str, str]]:
    for outcome in ("passed", "failed"):
        for report in reporter.stats.get(outcome, []):
            for name, value in report.user_properties:
                if name == _PROPERTY and report.when == "call":
                    yield (*value, outcome)
