"""Calls and their results: each call is followed by one result of each, in the order of its calls.

OpenAI refuses anything else ("An assistant message with 'tool_calls' must be followed by tool
messages responding to each 'tool_call_id'"), and so does every server that has tools. What stood
between a call and its results comes after them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any

from sessions_app.domain.dialect import arguments
from sessions_app.domain.dialect.data import Line, Notes, SentAs
from sessions_app.domain.dialect.halves import whole
from sessions_app.domain.dialect.naming import Ids, Names

NO_RESULT = "(no result)"

_ORPHAN = "a result without its call"
_UNANSWERED = "a call without a result is sent with the result " + NO_RESULT
_SEVERAL = "several results of one call are sent as one"
_BETWEEN = "what stood between a call and its results comes after them"
_RENAMED_ID = "an id that this server takes, unique in the request"
_RENAMED_TOOL = "a tool's name has 1 to 64 letters, digits, _ and -"
_REPAIRED = "arguments are sent as a JSON object"

_OF_A_CALL = frozenset({"id", "type", "function", "custom"})

_Slot = tuple[int, int]
"""A call: the position of its message, and its place among that message's calls."""


def bare(call: Mapping[str, Any]) -> dict[str, Any]:
    """A call without further members, which are no part of what is said."""
    return {name: value for name, value in call.items() if name in _OF_A_CALL}


def further(call: Mapping[str, Any]) -> dict[str, Any]:
    """The further members of a call; a stream's `index` is none."""
    return {name: value for name, value in call.items() if name not in _OF_A_CALL | {"index"}}


def pair(lines: Sequence[Line], notes: Notes, ids: Ids, names: Names) -> list[Line]:
    """The lines with results directly behind their calls; results of no call are left out."""
    results = _results(lines, notes)
    arranged: list[Line] = []
    for line in lines:
        if line.role == "tool":
            continue
        arranged.append(line)
        if line.calls:
            arranged += _answered(line, results, notes, ids, names)
    _note_moves(arranged, notes)
    return arranged


def _results(lines: Sequence[Line], notes: Notes) -> dict[_Slot, list[Line]]:
    """The results of each call. An id that is used again stands for the newest call before."""
    results: dict[_Slot, list[Line]] = {}
    open_slots: dict[str, list[_Slot]] = {}
    answers: dict[str, count[int]] = {}
    for line in lines:
        own: dict[str, list[_Slot]] = {}
        for position, call in enumerate(line.calls):
            own.setdefault(_id_of(call), []).append((line.position, position))
        open_slots |= own
        answers |= {call_id: count() for call_id in own}
        if line.role == "tool":
            slots = open_slots.get(line.call_id or "")
            if slots is None:
                notes.add(line.seqs, SentAs.LEFT_OUT, _ORPHAN)
                continue
            # Of two calls with one id the first result is the first one's.
            at = min(next(answers[line.call_id or ""]), len(slots) - 1)
            results.setdefault(slots[at], []).append(line)
    return results


def _id_of(call: dict[str, Any]) -> str:
    call_id = call.get("id")
    return call_id if isinstance(call_id, str) else ""


def _answered(
    line: Line, results: dict[_Slot, list[Line]], notes: Notes, ids: Ids, names: Names
) -> list[Line]:
    """The result of each of the line's calls, whose ids, names and arguments become sendable."""
    answers: list[Line] = []
    written = []
    seq = line.seqs[0] if line.seqs else None
    for position, call in enumerate(line.calls):
        known_id = _id_of(call)
        sent_id = ids.sent_id(known_id, seq=seq, place=position)
        result = _one_result(results.get((line.position, position), []), line, notes)
        result.call_id = sent_id
        if sent_id != known_id:
            result.as_stored = False
            notes.add([*line.seqs, *result.seqs], SentAs.RENAMED, _RENAMED_ID)
        sent, quoted = _written(call, sent_id, names, line, notes)
        if quoted is not None:
            result.say(f"{arguments.quotation(quoted)}\n\n{result.text}")
            notes.add(result.seqs, SentAs.REPAIRED, _REPAIRED)
        extra = line.call_extra.get(known_id)
        if extra:
            sent |= {name: value for name, value in extra.items() if name not in sent}
        written.append(sent)
        answers.append(result)
    if [bare(call) for call in written] != line.calls:
        line.as_stored = False
    line.calls = written
    return answers


def _one_result(found: Sequence[Line], call: Line, notes: Notes) -> Line:
    if not found:
        notes.add(call.seqs, SentAs.PLACEHOLDER, _UNANSWERED)
        return Line("tool", NO_RESULT, call.position, as_stored=False)
    first, *others = found
    for other in others:
        first.take_in(other, f"{first.text}\n\n{other.text}")
    if others:
        notes.add(first.seqs, SentAs.JOINED, _SEVERAL)
    return first


def _written(
    call: dict[str, Any], sent_id: str, names: Names, line: Line, notes: Notes
) -> tuple[dict[str, Any], str | None]:
    """A call as it is sent, and what could not be sent as its arguments.

    Its further members go with the message's, see `writing`.
    """
    kind = call.get("type")
    inner = call.get(kind) if isinstance(kind, str) else None
    inner = inner if isinstance(inner, dict) else {}
    known = inner.get("name")
    known = known if isinstance(known, str) else ""
    name = names.sent_name(known)
    if name != known:
        notes.add(line.seqs, SentAs.RENAMED, _RENAMED_TOOL)
    if kind == "custom" and isinstance(inner.get("input"), str):
        return {"id": sent_id, "type": "custom", "custom": inner | {"name": name}}, None
    value = arguments.as_object(inner.get("arguments"))
    if value.repaired:
        notes.add(line.seqs, SentAs.REPAIRED, _REPAIRED)
    function = {"name": name, "arguments": whole(value.text)}
    return {"id": sent_id, "type": "function", "function": function}, value.quoted


def _note_moves(arranged: Sequence[Line], notes: Notes) -> None:
    """Note what comes after something that was said later."""
    newest = -1
    for line in arranged:
        if line.position < newest and line.seqs:
            notes.add(line.seqs, SentAs.MOVED, _BETWEEN)
        newest = max(newest, line.position)
