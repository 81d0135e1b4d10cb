"""Reads dialogues to replay from JSON lines: `{"id", "messages": [{"role", "content", …}]}`.

`topic_starts`, the numbers of the messages that open another topic, is optional.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROLES = ("system", "user", "assistant", "tool")
# The fields of a message that are sent; other fields are ignored.
FIELDS = ("role", "content", "name", "tool_calls", "tool_call_id", "metadata")


class DialogueError(Exception):
    """A file cannot be used; the message names it, and the line at fault if there is one."""


class _Malformed(ValueError):
    """A line is not a dialogue; the message says why."""


@dataclass(frozen=True, slots=True)
class Dialogue:
    """A conversation to replay; each message is a body for `POST /session/{id}/message`.

    `topic_starts` are the numbers of the messages that open another topic; None where unmarked.
    """

    id: str
    messages: Sequence[dict[str, Any]]
    topic_starts: frozenset[int] | None = None


def read(path: Path) -> list[Dialogue]:
    """The dialogues of a file, or of all `*.jsonl` in a directory; raises DialogueError."""
    files = sorted(path.glob("*.jsonl")) if path.is_dir() else [path]
    dialogues = [dialogue for file in files for dialogue in _read_file(file)]
    if not dialogues:
        raise DialogueError(f"{path} has no dialogues.")
    return dialogues


def _read_file(path: Path) -> Iterator[Dialogue]:
    try:
        # Not `splitlines`, which also splits at separators inside of JSON text.
        lines = path.read_text(encoding="utf-8").split("\n")
    except OSError as error:
        raise DialogueError(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise DialogueError(f"{path} is not UTF-8.") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield _dialogue(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise DialogueError(f"{path}:{number}: {error}.") from error


def _dialogue(value: Any) -> Dialogue:
    if not isinstance(value, dict) or not isinstance(value.get("id"), str):
        raise _Malformed("a dialogue is an object with an id, which is text")
    messages = value.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _Malformed("a dialogue has a list of messages")
    return Dialogue(
        value["id"],
        [_message(n, message) for n, message in enumerate(messages, 1)],
        _topic_starts(value.get("topic_starts"), len(messages)),
    )


def _topic_starts(value: Any, count: int) -> frozenset[int] | None:
    if value is None:
        return None
    # The first message opens a topic without a shift.
    numbers = range(2, count + 1)
    if not isinstance(value, list) or any(type(n) is not int or n not in numbers for n in value):
        raise _Malformed("topic_starts is a list of numbers of messages, the first one's left out")
    return frozenset(value)


def _message(number: int, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or value.get("role") not in ROLES:
        raise _Malformed(f"message {number} has no role of {', '.join(ROLES)}")
    content = value.get("content") or ""
    if not isinstance(content, str):
        raise _Malformed(f"the content of message {number} is not text")
    if not content and not value.get("tool_calls"):
        raise _Malformed(f"message {number} has neither content nor tool_calls")
    return {name: value[name] for name in FIELDS if name in value} | {"content": content}
