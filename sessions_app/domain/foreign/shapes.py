"""The shape that every program's conversations are read into."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign.files import ForeignFile

ToolCall = Mapping[str, Any]
OTHER_BRANCH = "message of another branch"
ENCRYPTED = "encrypted item"


@dataclass(frozen=True, slots=True)
class ForeignMessage:
    """A message; `at` is None where the source has no time for it."""

    role: Role
    content: str = ""
    at: datetime | None = None
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    model: str | None = None
    files: tuple[ForeignFile, ...] = ()


@dataclass(slots=True)
class Conversation:
    """A conversation: one branch of it where it has several.

    `source_id` is "" where the source gives it none. `left` counts, by name, what could not be
    imported, `changed` what was changed on the way. `other_ends` are the ends of other branches, by
    which they can be read.
    """

    source: str
    source_id: str
    messages: list[ForeignMessage] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    owner: str | None = None
    title: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    archived: bool = False
    changed: Counter[str] = field(default_factory=Counter)
    other_ends: list[str] = field(default_factory=list)


def tool_call(call_id: object, name: object, arguments: object) -> ToolCall:
    """A tool call as the source has it, in the shape of OpenAI's chat completions.

    What is missing stays empty; `calls.arranged` gives it what servers ask for.
    """
    named = name if isinstance(name, str) else ""
    known = as_text(call_id) if call_id else ""
    text = "" if arguments is None else as_text(arguments)
    return {"id": known, "type": "function", "function": {"name": named, "arguments": text}}


def as_text(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    # A value may be nested more deeply than it can be written.
    except (RecursionError, ValueError, TypeError):
        return f"({type(value).__name__})"


def text_or_none(value: Any) -> str | None:
    """A text as it is, None for anything else and for nothing."""
    return value if isinstance(value, str) and value else None


def identity(*values: Any) -> str:
    """The first of these that can name a conversation; "" where none can."""
    for value in values:
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
    return ""


def listed(value: Any) -> list[Any]:
    """A list as it is, nothing for anything else."""
    return value if isinstance(value, list) else []


def mapped(value: Any) -> dict[str, Any]:
    """An object as it is, an empty one for anything else."""
    return value if isinstance(value, dict) else {}
