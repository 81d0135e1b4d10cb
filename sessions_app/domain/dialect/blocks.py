"""What a delta or a whole message of an answer says: text, thoughts, and whatever else it holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sessions_app.domain.limits import REASONING_MAX_CHARS
from sessions_app.domain.texts.text import storable

_THOUGHTS = ("reasoning_content", "reasoning", "thinking")
_KNOWN = frozenset(
    {"role", "content", "refusal", "tool_calls", "function_call", "audio", "name", *_THOUGHTS}
)


class Spoken(NamedTuple):
    """What a piece of an answer says; `member` is the one that its thoughts came in.

    `refused` says that the text is why the model will not answer.
    """

    text: str = ""
    thought: str = ""
    member: str = ""
    further: dict[str, Any] = {}
    refused: bool = False


def spoken(delta: dict[str, Any]) -> Spoken:
    """Read a delta, or a message: `content` as text or as blocks, a refusal, thoughts.

    Raises TypeError for what is no form of an answer.
    """
    text, thought, member = _content(delta.get("content"))
    refusal = delta.get("refusal")
    refused = isinstance(refusal, str) and bool(refusal) and not text
    if isinstance(refusal, str):
        text += refusal
    # Some servers say a thought under two names at once.
    for name in _THOUGHTS:
        value = delta.get(name)
        if isinstance(value, str) and value:
            thought, member = thought + value, name
            break
    further = {name: value for name, value in delta.items() if name not in _KNOWN and value}
    return Spoken(text, thought, member, further, refused)


def thoughts(message: Mapping[str, Any]) -> tuple[str, str]:
    """What a message of the wire says was thought, within the bound, and under which name."""
    for name in _THOUGHTS:
        value = message.get(name)
        if isinstance(value, str) and (thought := storable(value)[:REASONING_MAX_CHARS]):
            return thought, name
    return "", ""


def _content(value: Any) -> tuple[str, str, str]:
    if value is None or isinstance(value, str):
        return value or "", "", ""
    blocks = value if isinstance(value, list) else [value]
    text = thought = ""
    for block in blocks:
        if not isinstance(block, dict):
            raise TypeError
        if block.get("type") in {"thinking", "reasoning", "reasoning_text"}:
            thought += _inner(block)
        else:
            text += _inner(block)
    return text, thought, "reasoning_content" if thought else ""


def _inner(block: dict[str, Any]) -> str:
    """The text of a block: Mistral's thoughts are a list of blocks themselves."""
    for name in ("text", "refusal", "thinking", "reasoning", "content"):
        value = block.get(name)
        if isinstance(value, str):
            return value
        if isinstance(value, list):
            return "".join(_inner(each) for each in value if isinstance(each, dict))
    return ""


def merged(known: dict[str, Any], further: dict[str, Any]) -> None:
    """Put together what comes in pieces: lists grow, their numbered entries are continued."""
    for name, value in further.items():
        before = known.get(name)
        if isinstance(before, list) and isinstance(value, list):
            for entry in value:
                _merge_entry(before, entry)
        elif isinstance(before, dict) and isinstance(value, dict):
            merged(before, value)
        else:
            known[name] = list(value) if isinstance(value, list) else value


def _merge_entry(entries: list[Any], entry: Any) -> None:
    """OpenRouter's `reasoning_details` come in pieces with an index and a type."""
    last = entries[-1] if entries else None
    if not (isinstance(last, dict) and isinstance(entry, dict) and "index" in entry) or (
        (last.get("index"), last.get("type")) != (entry["index"], entry.get("type"))
    ):
        entries.append(entry)
        return
    grown = dict(last)
    for name, value in entry.items():
        grows = name in {"text", "summary", "data", "thinking"} and isinstance(value, str)
        before = grown.get(name)
        grown[name] = before + value if grows and isinstance(before, str) else value or before
    entries[-1] = grown
