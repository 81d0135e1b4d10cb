"""From the messages of a planned window to the messages of a request that a server accepts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from sessions_app.domain import parts
from sessions_app.domain.dialect.alternation import alternate, in_words, without_system
from sessions_app.domain.dialect.data import (
    Attached,
    Extras,
    Form,
    Line,
    Manner,
    Medium,
    Notes,
    Request,
    Said,
    Sent,
    SentAs,
    medium_of,
)
from sessions_app.domain.dialect.halves import whole
from sessions_app.domain.dialect.naming import Ids, Names, fitting_name
from sessions_app.domain.dialect.pairing import bare, further, pair

AS_OPENAI = Manner()
NO_TEXT = "(no text)"
NO_OUTPUT = "(no output)"
SIGNATURE_STAND_IN = "skip_thought_signature_validator"
"""What Gemini takes for the signature of a call that another model made (ai.google.dev,
"Thought signatures")."""

_NOTHING = "an assistant's message with neither text nor calls"
_NO_INSTRUCTION = "an instruction without text"
_BLANK = "a message without text is sent with a word for it"
_ONE_INSTRUCTION = "the instructions at the beginning are sent as one system message"
_RENAMED_SPEAKER = "a speaker's name has 1 to 64 letters, digits, _ and -"
_IN_WORDS = "pictures and files are sent as lines that say what is there"
_UNTAKEN = {
    Medium.ADDRESSES: "a line says which address the picture has",
    Medium.FILES: "files are sent as their text",
    Medium.SOUNDS: "a line says which sound is there",
}
_INSTRUCTING = ("system", "developer")


def write(said: Sequence[Said], manner: Manner = AS_OPENAI, names: Names | None = None) -> Request:
    """The request that says what is `said`, in the form that the server wants.

    Deterministic, and accepted whatever was said: calls have their results, ids and names fit,
    arguments are objects, no message is empty. `names` holds the tools that are offered, for the
    way back.
    """
    notes, names = Notes(), names or Names()
    lines = [
        line for at, each in enumerate(said) if (line := _line(each, at, notes, manner)) is not None
    ]
    strict = manner.form is not Form.OPENAI
    lines = pair(lines, notes, Ids(short=strict), names)
    lines = _one_instruction(lines, notes)
    _keep_extras(lines, manner.extras)
    if manner.form is Form.PLAIN:
        lines = without_system(alternate(in_words(lines, notes), notes), notes)
    elif strict:
        lines = alternate(lines, notes)
    files_in_words = Medium.FILES in manner.without
    return Request(tuple(map(_sent, lines)), notes.all(), dict(names.known), files_in_words)


def _line(said: Said, position: int, notes: Notes, manner: Manner) -> Line | None:
    """A message with a sendable speaker and text; None where there is nothing to send."""
    seqs = [said.seq] if said.seq is not None else []
    role = "system" if said.role in _INSTRUCTING else said.role
    line = Line(role, said.content, position, seqs, name=said.name, call_id=said.tool_call_id)
    line.calls = [dict(call) for call in said.tool_calls]
    line.extra = dict(said.extra)
    line.call_extra = {call_id: dict(extra) for call_id, extra in said.call_extra.items()}
    for call in line.calls:
        if (extra := further(call)) and isinstance(call.get("id"), str):
            line.call_extra.setdefault(call["id"], {}).update(extra)
    if role != said.role:
        line.as_stored = False
    if said.parts:
        _attach(line, said, notes, manner)
    if (text := whole(line.text)) != line.text:
        line.say(text)
        notes.add(seqs, SentAs.REPAIRED, "half a character is sent as U+FFFD")
    if line.name and (name := fitting_name(line.name)) != line.name:
        line.name, line.as_stored = name, False
        notes.add(seqs, SentAs.RENAMED, _RENAMED_SPEAKER)
    if line.text.strip() or line.calls:
        return line
    if role in {"assistant", "system"}:
        reason = _NOTHING if role == "assistant" else _NO_INSTRUCTION
        notes.add(seqs, SentAs.LEFT_OUT, reason)
        return None
    line.say(NO_OUTPUT if role == "tool" else NO_TEXT)
    notes.add(seqs, SentAs.PLACEHOLDER, _BLANK)
    return line


def _attach(line: Line, said: Said, notes: Notes, manner: Manner) -> None:
    """Send what is more than text as such, where the role and the server allow it."""
    content = parts.all_as_sent(said.parts)
    # OpenAI takes pictures of users alone; every other role's content is text.
    if not content or (manner.attached is Attached.KEPT and said.role == "user"):
        line.content = content
        _write_out(line, said.parts, notes, manner.without)
    else:
        line.say(parts.spoken(said.parts))
        notes.add(line.seqs, SentAs.PLACEHOLDER, _IN_WORDS)


def _write_out(
    line: Line, said_parts: parts.Parts, notes: Notes, without: frozenset[Medium]
) -> None:
    """A line of text for each part that the server takes none of.

    A file that is kept stays in its place, for its text.
    """
    content = list(line.content)
    for at, sent in enumerate(line.content):
        medium, part = medium_of(sent), said_parts[at]
        if medium is None or medium not in without:
            continue
        notes.add(line.seqs, SentAs.PLACEHOLDER, _UNTAKEN[medium])
        if medium is not Medium.FILES or "attachment_id" not in part:
            content[at] = {"type": "text", "text": parts.in_words(part)}
    if content != line.content:
        line.text, line.as_stored = parts.sent_text(content), False
        line.content = content if any(map(parts.is_attachment, content)) else []


def _one_instruction(lines: list[Line], notes: Notes) -> list[Line]:
    leading = list(takewhile(lambda line: line.role == "system", lines))
    if len(leading) < 2:
        return lines
    first, *others = leading
    for other in others:
        first.take_in(other, f"{first.text}\n\n{other.text}")
    first.name = None
    notes.add(first.seqs, SentAs.JOINED, _ONE_INSTRUCTION)
    return [first, *lines[len(leading) :]]


def _keep_extras(lines: Sequence[Line], extras: Extras) -> None:
    """Further members go to the server that made them, within the tool loop that they belong to."""
    newest_question = max((at for at, line in enumerate(lines) if line.role == "user"), default=-1)
    for at, line in enumerate(lines):
        if line.role != "assistant":
            line.extra = {}
            continue
        if at < newest_question or extras is Extras.NONE:
            line.extra = {}
            line.calls = [bare(call) for call in line.calls]
        if extras is Extras.REASONING:
            line.extra.setdefault("reasoning_content", "")
        elif extras is Extras.SIGNATURE and line.calls:
            line.calls[0].setdefault(
                "extra_content", {"google": {"thought_signature": SIGNATURE_STAND_IN}}
            )


def _sent(line: Line) -> Sent:
    optional: dict[str, Any] = {
        "name": line.name,
        "tool_calls": line.calls or None,
        "tool_call_id": line.call_id,
    }
    message: dict[str, Any] = {"role": line.role, "content": line.content or line.text}
    message |= {name: value for name, value in optional.items() if value is not None}
    message |= {name: value for name, value in line.extra.items() if name not in message}
    return Sent(message, tuple(line.seqs), line.as_stored)
