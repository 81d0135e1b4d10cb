"""The stricter forms: roles that alternate, the user first, no instruction behind the beginning.

The templates of Gemma, Mistral and others raise "Conversation roles must alternate
user/assistant/user/assistant/...", Qwen's "System message must be at the beginning.", Mistral's
server "Unexpected role 'user' after role 'tool'"; some know the roles user and assistant alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sessions_app.domain.dialect.data import Line, Notes, SentAs

INSTRUCTION = "<instruction>\n{text}\n</instruction>"
NOT_SHOWN = "(The beginning of the conversation is not shown.)"
NOT_ANSWERED = "(No answer was given.)"
GO_ON = "(Go on.)"

_MARKED = "an instruction in the middle is joined to the user's message behind it"
_NEIGHBOURS = "neighbours of one role are sent as one message"
_USER_FIRST = "a user's message is put in front: this server wants one first"
_BETWEEN = "a reply is put between: this server wants one behind a tool's result"
_USER_LAST = "a user's message is put behind: this server wants one last"
_WORDS = "calls and results are sent as text: this server knows no tools"


def alternate(lines: Sequence[Line], notes: Notes) -> list[Line]:
    """The lines with roles that alternate; a call and its results count as the assistant's."""
    if not lines:
        return []
    beginning, rest = _parted(lines)
    rest = _instructions_joined(rest, notes)
    rest = _neighbours_joined(rest, notes)
    return beginning + _filled(rest, notes)


def in_words(lines: Sequence[Line], notes: Notes) -> list[Line]:
    """The lines with calls and results as text, and the first instruction with the first user's."""
    spoken: list[Line] = []
    called: dict[str, str] = {}
    for line in lines:
        if line.calls:
            words = [_called(call, called) for call in line.calls]
            line.say("\n".join([*([line.text] if line.text.strip() else []), *words]))
            line.calls, line.extra = [], {}
        elif line.role == "tool":
            name = called.get(line.call_id or "", "")
            line.role, line.call_id, line.name = "user", None, None
            line.say(f"[result of {name}: {line.text}]")
        else:
            spoken.append(line)
            continue
        notes.add(line.seqs, SentAs.REPAIRED, _WORDS)
        spoken.append(line)
    return spoken


def without_system(lines: Sequence[Line], notes: Notes) -> list[Line]:
    """The alternating lines with the instructions at the head of the first user's message."""
    beginning, rest = _parted(lines)
    if not beginning:
        return list(rest)
    head = beginning[0]
    text = INSTRUCTION.format(text=head.text)
    notes.add(head.seqs, SentAs.JOINED, "this server knows no instructions: they are the user's")
    if not rest:
        return [Line("user", text, head.position, head.seqs, as_stored=False)]
    rest[0].seqs[:0] = head.seqs
    rest[0].say(f"{text}\n\n{rest[0].text}")
    return rest


def _parted(lines: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    first = 1 if lines and lines[0].role == "system" else 0
    return list(lines[:first]), list(lines[first:])


def _called(call: dict[str, Any], called: dict[str, str]) -> str:
    inner = call.get(str(call["type"]))
    inner = inner if isinstance(inner, dict) else {}
    called[str(call["id"])] = name = str(inner.get("name"))
    return f"[calls {name}: {inner.get('arguments', inner.get('input', ''))}]"


def _instructions_joined(lines: Sequence[Line], notes: Notes) -> list[Line]:
    joined: list[Line] = []
    waiting: list[Line] = []
    for line in lines:
        if line.role == "system":
            waiting.append(line)
            notes.add(line.seqs, SentAs.JOINED, _MARKED)
            continue
        if line.role == "user" and waiting:
            line.seqs[:0] = [seq for each in waiting for seq in each.seqs]
            line.say("\n\n".join([*map(_marked, waiting), line.text]))
            waiting = []
        joined.append(line)
    if waiting:
        first = waiting[0]
        seqs = [seq for each in waiting for seq in each.seqs]
        text = "\n\n".join(map(_marked, waiting))
        joined.append(Line("user", text, first.position, seqs, as_stored=False))
    return joined


def _marked(line: Line) -> str:
    return INSTRUCTION.format(text=line.text)


def _neighbours_joined(lines: Sequence[Line], notes: Notes) -> list[Line]:
    joined: list[Line] = []
    for line in lines:
        before = joined[-1] if joined else None
        if before is None or before.role != line.role or line.role == "tool":
            joined.append(line)
            continue
        texts = [before.text, line.text]
        if before.name != line.name:
            texts = [f"{each.name}: {each.text}" if each.name else each.text
                     for each in (before, line)]  # fmt: skip
            before.name = None
        before.take_in(line, "\n\n".join(filter(None, texts)))
        before.calls = line.calls
        before.extra = line.extra
        notes.add(before.seqs, SentAs.JOINED, _NEIGHBOURS)
    return joined


def _filled(lines: Sequence[Line], notes: Notes) -> list[Line]:
    """With a message put where the order wants one and there is none."""
    filled: list[Line] = []
    for line in lines:
        if not filled and line.role != "user":
            filled.append(Line("user", NOT_SHOWN, line.position, as_stored=False))
            notes.add(line.seqs, SentAs.PLACEHOLDER, _USER_FIRST)
        elif line.role == "user" and filled and filled[-1].role == "tool":
            filled.append(Line("assistant", NOT_ANSWERED, line.position, as_stored=False))
            notes.add(line.seqs, SentAs.PLACEHOLDER, _BETWEEN)
        filled.append(line)
    if filled and filled[-1].role == "assistant":
        filled.append(Line("user", GO_ON, filled[-1].position, as_stored=False))
        notes.add(filled[-2].seqs, SentAs.PLACEHOLDER, _USER_LAST)
    return filled
