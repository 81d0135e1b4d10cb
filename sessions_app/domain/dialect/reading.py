"""From a stream's pieces, or one plain answer, to a reply."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sessions_app.domain.dialect.blocks import Spoken, merged, spoken
from sessions_app.domain.dialect.calls import Calls
from sessions_app.domain.dialect.halves import Halves, whole
from sessions_app.domain.limits import (
    EXTRA_MAX_CHARS,
    JSON_MAX_DEPTH,
    REASONING_MAX_CHARS,
)
from sessions_app.domain.texts.text import storable

USAGE_MAX_MEMBERS = 64
"""Numbers of a `usage`, those of its details included."""

# Words for an end that are no more than one.
_MERE_ENDS = frozenset({"", "stop", "function_call", "end_turn", "tool_use", "eos", "tool_call"})


class Piece(NamedTuple):
    """What a chunk adds to a reply."""

    text: str = ""
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Extra:
    """What stands beside a reply and is no text: for the server that made it, in its tool loop.

    `thought_member` is the name under which the thoughts came; `message` and `calls`, by their ids,
    are further members as they came.
    """

    thought_member: str = ""
    message: Mapping[str, Any] = field(default_factory=dict)
    calls: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.thought_member or self.message or self.calls)


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole reply. `finish_reason` is empty where the server has not said that it has ended."""

    tool_calls: Sequence[Mapping[str, Any]]
    finish_reason: str
    reasoning: str
    extra: Extra
    usage: Mapping[str, Any] | None
    model: str
    is_blank: bool


class ReplyReader:
    """Reads one answer, chunk by chunk; `new_id` makes the ids of calls that come without one."""

    def __init__(self, *, new_id: Callable[[], str]) -> None:
        self._calls = Calls(new_id)
        self._text, self._thought = Halves(), Halves()
        self._reasoning = ""
        self._member = ""
        self._further: dict[str, Any] = {}
        self._usage: dict[str, Any] | None = None
        self._finish_reason = ""
        self._model = ""
        self._blank = True
        self._refused = False

    @property
    def refused(self) -> bool:
        """Whether the text is a refusal, from its beginning."""
        return self._refused

    @property
    def thought_member(self) -> str:
        """The name under which the server sends its thoughts; empty before the first."""
        return self._member

    @property
    def has_ended(self) -> bool:
        """Whether the server has said why the reply ends."""
        return bool(self._finish_reason)

    def feed(self, chunk: Any) -> Piece:
        """Take a chunk, or a whole completion; what it adds.

        Raises TypeError, ValueError or AttributeError for what is neither.
        """
        if isinstance(named := chunk.get("model"), str) and named:
            self._model = named
        self._take_usage(chunk)
        choice = _first_choice(chunk.get("choices"))
        if choice is None:
            return Piece()
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._finish_reason = reason
        spoken_parts = Spoken()
        for name in ("delta", "message"):
            delta = choice.get(name)
            if delta and not isinstance(delta, dict):
                raise TypeError
            # A last chunk with the whole message again says nothing new.
            if isinstance(delta, dict) and (name == "delta" or self._is_untouched):
                spoken_parts = self._take(delta)
                if delta:
                    break
        else:
            if isinstance(text := choice.get("text"), str):
                spoken_parts = Spoken(text)
        return self._piece(spoken_parts)

    def finish(self) -> tuple[Piece, Reply]:
        """What was waiting for more, and the whole reply."""
        rest = Piece(self._visible(self._text.rest()), self._thought.rest())
        self._think(rest.thought)
        calls, call_extras = self._calls.finish()
        reason = self._finish_reason
        if calls and reason.lower() in _MERE_ENDS:
            reason = "tool_calls"
        elif not calls and reason in {"function_call", "tool_calls"}:
            reason = "stop"
        reply = Reply(
            tool_calls=calls,
            finish_reason=whole(reason),
            reasoning=self._reasoning,
            extra=_bounded(Extra(self._member, self._further, call_extras)),
            usage=usage_of(self._usage),
            model=whole(self._model),
            is_blank=self._blank and not calls,
        )
        return rest, reply

    @property
    def _is_untouched(self) -> bool:
        return self._blank and not self._calls and not self._reasoning

    def _take_usage(self, chunk: Mapping[str, Any]) -> None:
        further = chunk.get("x_groq")
        for holder in (chunk, further if isinstance(further, dict) else {}):
            usage = holder.get("usage")
            if isinstance(usage, dict) and usage:
                self._usage = usage

    def _take(self, delta: dict[str, Any]) -> Spoken:
        self._calls.take(delta.get("tool_calls"))
        self._calls.take_function(delta.get("function_call"))
        spoken_parts = spoken(delta)
        self._member = self._member or spoken_parts.member
        merged(self._further, spoken_parts.further)
        return spoken_parts

    def _piece(self, spoken_parts: Spoken) -> Piece:
        self._refused = self._refused or (self._blank and spoken_parts.refused)
        text, thought = self._text.join(spoken_parts.text), self._thought.join(spoken_parts.thought)
        return Piece(self._visible(text), self._think(thought))

    def _visible(self, text: str) -> str:
        """An answer begins with a word, so what is before goes."""
        text = text.lstrip() if self._blank else text
        self._blank = self._blank and not text
        return text

    def _think(self, thought: str) -> str:
        """As much of a thought as there is room for."""
        thought = storable(thought)[: REASONING_MAX_CHARS - len(self._reasoning)]
        self._reasoning += thought
        return thought


def _first_choice(choices: Any) -> dict[str, Any] | None:
    """The one that was asked for; the last chunk, with the counts, has none."""
    for choice in choices or ():
        if choice.get("index") in {None, 0, "0", ""}:
            choice_data: dict[str, Any] = choice
            return choice_data
    return None


def usage_of(value: Any) -> dict[str, Any] | None:
    """A server's counts with their details, as they came; None without any."""
    if not isinstance(value, dict):
        return None
    counts: dict[str, Any] = {}
    for name, number in list(value.items())[:USAGE_MAX_MEMBERS]:
        if isinstance(number, dict):
            inner = {key: each for key, each in list(number.items())[:USAGE_MAX_MEMBERS]
                     if _is_count(each) and _is_name(key)}  # fmt: skip
            if inner and _is_name(name):
                counts[name] = inner
        elif _is_count(number) and _is_name(name):
            counts[name] = number
    return counts or None


def _is_name(value: str) -> bool:
    # As the name of a field MongoDB would read a dot as a path, a dollar as an operator.
    return 0 < len(value) <= 64 and value.isascii() and value.replace("_", "a").isalnum()


def _is_count(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 2**53


def _bounded(extra: Extra) -> Extra:
    """What can be stored and sent again, within the bound; the largest members go first."""
    message = {name: value for name, value in extra.message.items() if _is_json(value)}
    calls = {
        call_id: kept
        for call_id, members in extra.calls.items()
        if (kept := {name: value for name, value in members.items() if _is_json(value)})
    }
    # The names around the members take some of it.
    room = EXTRA_MAX_CHARS // 2
    sizes = sorted(
        [(_size(name, value), 0, name) for name, value in message.items()]
        + [(_size(name, value), 1, name) for name, value in calls.items()]
    )
    for size, kind, name in sizes:
        room -= size
        if room < 0:
            (message, calls)[kind].pop(name)
    return Extra(extra.thought_member, message, calls)


def _size(name: str, value: Any) -> int:
    return len(json.dumps({name: value}, ensure_ascii=False))


def _is_json(value: Any, depth: int = 0) -> bool:
    if depth > JSON_MAX_DEPTH:
        return False
    if isinstance(value, str):
        return storable(value) == value
    if isinstance(value, dict | list):
        children = [*value, *value.values()] if isinstance(value, dict) else value
        return all(_is_json(child, depth + 1) for child in children)
    return value is None or isinstance(value, bool) or _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and -(2**63) <= value < 2**63
