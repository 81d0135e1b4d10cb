"""What an import has done, or would do, in words and as a table."""

from collections.abc import Mapping
from typing import Any

_COUNTS = (
    ("conversations", "sessions"),
    ("messages", "messages"),
    ("branches", "branches"),
    ("attachments", "attachments"),
    ("tool calls", "tool_calls"),
)
_NOTES = (
    ("already_there", "sessions are there already and were left alone"),
    ("grown", "of these have more messages in the file"),
    ("of_erased_users", "sessions are of users who were erased, and stay away"),
    ("recounted", "sessions said other totals than they have"),
)


def in_words(result: Mapping[str, Any]) -> str:
    """The counts of what was imported, changed, left alone, left out and refused."""
    would = "would be imported" if result["dry_run"] else "imported"
    lines = [
        f"{result['sessions']:,} sessions with {result['messages']:,} messages {would} "
        f"({result['format']})"
    ]
    if result["dry_run"]:
        lines += _table(result)
    elif result["attachments"]:
        lines.append(f"{result['attachments']:,} pictures and files were stored with them")
    lines += [f"{result[name]:,} {words}" for name, words in _NOTES if result[name]]
    lines += [f"changed: {count:,} × {name}" for name, count in result["changed"].items()]
    lines += [f"left out: {count:,} × {name}" for name, count in result["left"].items()]
    if result["branches"] and not result["forks"]:
        lines.append(f"{result['branches']:,} other branches were left; --forks imports them")
    lines += [f"refused: {reason}" for reason in result["refused"]]
    if (more := result["refused_count"] - len(result["refused"])) > 0:
        lines.append(f"refused: {more:,} more")
    return "\n".join(lines)


def _table(result: Mapping[str, Any]) -> list[str]:
    rows = [(name, f"{result[key]:,}") for name, key in _COUNTS]
    rows += [
        ("changed", f"{sum(result['changed'].values()):,}"),
        ("left out", f"{sum(result['left'].values()):,}"),
        ("refused", f"{result['refused_count']:,}"),
        ("time to import", _duration(result["seconds_estimated"])),
    ]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    return [f"  {name:<{widths[0]}}  {value:>{widths[1]}}" for name, value in rows]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"about {max(1, round(seconds))} s"
    return f"about {round(seconds / 60):,} min"
