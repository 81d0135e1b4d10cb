"""Titles and summaries as models give them: without thoughts, fences, polite openings and JSON."""

import json
import re
from typing import Any

_THOUGHTS = (("<think>", "</think>"), ("<thinking>", "</thinking>"), ("[THINK]", "[/THINK]"),
             ("◁think▷", "◁/think▷"), ("<thought>", "</thought>"),
             ("<reasoning>", "</reasoning>"))  # fmt: skip
_MARKS = {mark: re.compile(re.escape(mark), re.IGNORECASE) for marks in _THOUGHTS for mark in marks}
_SPACES = re.compile(r"\s*")
_FENCED = re.compile(r"\A```[\w-]*[ \t]*\n?(.*?)\n?```\Z", re.DOTALL)
_KINDS = r"(?:title|summary|name|headline|titel|zusammenfassung|titre|résumé|título|resumen)"
# "Sure! Here is a title for the conversation:", "Title:", "Here's the updated summary:".
_OPENING = re.compile(
    r"\A(?:(?:sure|certainly|of course|okay|ok|absolutely|great|alright|no problem|gerne|klar)"
    r"[!,.:]*\s+(?:thing[!,.:]*\s+)?)?"
    r"(?:(?:here(?:['’]s| is| are)|this is|the|my|a|an|your|suggested|possible|proposed)\b"
    rf"[^\n:]{{0,80}}?{_KINDS}[^\n:]{{0,80}}:|\**{_KINDS}\**\s*:\**)\s*",
    re.IGNORECASE,
)
_POLITE = re.compile(
    r"(?:sure|certainly|of course|okay|ok|absolutely)(?:\s+thing)?[!,.:]*", re.IGNORECASE
)
_MEMBERS = ("title", "summary", "name", "headline", "text", "content")
_BRACKETS = ("{", "[")


def without_thoughts(text: str) -> str:
    """The text behind the thoughts that it begins with; empty where there is nothing else.

    A thought that does not end is all there is. An end without a beginning ends one whose
    beginning the chat template has given.
    """
    rest = _behind_thoughts(text)
    if not any(mark in rest for mark in ("</", "[/", "◁/")):
        return rest
    for opens, closes in _THOUGHTS:
        ending = _MARKS[closes].search(rest)
        if ending and not _MARKS[opens].search(rest, 0, ending.start()):
            rest = rest[ending.end() :].strip()
    return rest


def _behind_thoughts(text: str) -> str:
    """The text without the thoughts that it begins with, and without spaces around it."""
    # By positions: a copy of the rest for each of many thoughts would take quadratic time.
    position = _begins_at(text, 0)
    closes = _closing_mark(text, position)
    while closes is not None:
        ending = _MARKS[closes].search(text, position)
        if ending is None:
            return ""
        position = _begins_at(text, ending.end())
        closes = _closing_mark(text, position)
    return text[position:].rstrip()


def _begins_at(text: str, position: int) -> int:
    spaces = _SPACES.match(text, position)
    return spaces.end() if spaces else position


def _closing_mark(text: str, position: int) -> str | None:
    """The mark that ends the thought which begins at `position`; None where none begins there."""
    for opens, closes in _THOUGHTS:
        if _MARKS[opens].match(text, position):
            return closes
    return None


def unwrapped(answer: str) -> str:
    """What an answer says when it was to be a title or a summary alone; empty if nothing.

    What looks wrapped and cannot be unwrapped is refused, so that no title is half a JSON object.
    """
    text = without_thoughts(answer)
    for _ in range(4):
        before = text
        if fence := _FENCED.match(text):
            text = fence[1].strip()
        text = _OPENING.sub("", text, count=1).strip()
        if text.startswith(_BRACKETS) or (text.startswith('"') and text.endswith('"')):
            text = _of_json(text)
        if text == before:
            break
    if text.startswith("```") or _POLITE.fullmatch(text):
        return ""
    return text


def _of_json(text: str) -> str:
    try:
        value: Any = json.loads(text)
    except (ValueError, RecursionError):
        # A bracket may be the title's own: "[WIP] Budget", "{x} in templates".
        looks_cut_off = re.match(r'\{\s*(?:"|\Z)|\[\s*(?:["{]|\Z)', text)
        return "" if looks_cut_off else text
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, dict):
        known = [value[name] for name in _MEMBERS if isinstance(value.get(name), str)]
        value = known[0] if known else next(iter(value.values()), "") if len(value) == 1 else ""
    return value.strip() if isinstance(value, str) else ""
