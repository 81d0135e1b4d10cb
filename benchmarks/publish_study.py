"""Which documents of the study have which tables, under which marks."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.harness.markdown import Line
from benchmarks.published import approaches, examples, scale, shapes
from benchmarks.published.figures import DOCS, Tables


def only_the_machine(lines: Sequence[Line]) -> str:
    """What it was measured on is said by who publishes."""
    return ""


PAGES: dict[Path, Tables] = {
    DOCS / "topics.md": {"worked_example: topics": examples.example_topics},
    DOCS / "context.md": {"worked_example: window": examples.example_window},
    DOCS / "session-approaches.md": {
        "session_strategies: machine": only_the_machine,
        "session_strategies: bytes": approaches.strategy_bytes,
        "session_strategies: limits": approaches.strategy_limits,
        "session_strategies: speed": approaches.strategy_speed,
        "session_strategies: promises": approaches.strategy_promises,
        "session_strategies: storage": approaches.strategy_storage,
    },
    DOCS / "scaling.md": {
        "scale_model: machine": only_the_machine,
        "scale_model: costs": scale.scale_costs,
        "scale_model: checks": scale.scale_checks,
        "scale_model: plan": scale.scale_plan,
        "scale_model: money": scale.scale_money,
    },
    DOCS / "schema.md": {
        "schema_shapes: machine": only_the_machine,
        "schema_shapes: times": shapes.shape_times,
        "schema_shapes: bytes": shapes.shape_bytes,
        "schema_shapes: limit": shapes.shape_limit,
    },
}
