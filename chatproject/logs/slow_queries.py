"""Logs what MongoDB took long for: the command, the collection and the shape, never a value."""

import logging
import re
from collections.abc import Mapping
from typing import Any

from pymongo import monitoring

logger = logging.getLogger("chat.slow_query")

# What is compared and how much of it is read; the rest of a command is values or settings.
_TOLD = (
    "filter",
    "query",
    "q",
    "u",
    "pipeline",
    "sort",
    "projection",
    "hint",
    "updates",
    "deletes",
)
# Names of fields and operators are code; anything else in their place may be a value.
_NAME = re.compile(r"[$A-Za-z_][\w$.]{0,60}")
_DEEPEST, _WIDEST, _LONGEST = 6, 20, 1_000


def shape(value: Any, depth: int = 0) -> Any:
    """The names of fields and operators in `value`, with `?` for every value."""
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {
            name if _NAME.fullmatch(str(name)) else "?": shape(each, depth + 1)
            for name, each in list(value.items())[:_WIDEST]
        }
    if isinstance(value, list) and depth < _DEEPEST:
        shapes: list[Any] = []
        for each in (shape(entry, depth + 1) for entry in value[:_WIDEST]):
            # A list of a hundred ids has the shape of one.
            if each not in shapes:
                shapes.append(each)
        return shapes
    return "?"


class SlowQueries(monitoring.CommandListener):
    """Hears of every command of a client; logs those that took `threshold_ms` or longer."""

    def __init__(self, threshold_ms: int) -> None:
        self._threshold_us = threshold_ms * 1_000
        self._running: dict[int, Mapping[str, Any]] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Keep the command, whose shape is made only where it was slow."""
        self._running[event.request_id] = event.command

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Log it, if it was slow."""
        self._ended(event, "")

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Log it, if it was slow."""
        self._ended(event, ", and failed")

    def _ended(self, event: Any, how: str) -> None:
        command = self._running.pop(event.request_id, None)
        if command is None or event.duration_micros < self._threshold_us:
            return
        name = event.command_name
        target = command.get(name)
        shapes = {part: shape(command[part]) for part in _TOLD if part in command}
        milliseconds = round(event.duration_micros / 1_000, 1)
        logger.warning(
            "slow query: %s %s took %.1f ms%s: %s",
            name,
            target if isinstance(target, str) else "",
            milliseconds,
            how,
            str(shapes)[:_LONGEST],
            extra={"duration_ms": milliseconds},
        )
