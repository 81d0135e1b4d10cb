"""The tool calls of a stream, put together from pieces that servers number in many ways.

OpenAI gives each call an index and says id and name once. Others give every call the index 0, null,
a text or none, repeat id and name in each piece, send the name in pieces, arguments as an object,
or no id at all. Calls are told apart by their ids, else by their indexes, else by a name that
comes when the arguments before it are complete.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sessions_app.domain.dialect.arguments import is_object
from sessions_app.domain.dialect.halves import whole
from sessions_app.domain.dialect.naming import UNNAMED
from sessions_app.domain.limits import TOOL_CALL_ID_MAX_CHARS, TOOL_CALLS_MAX
from sessions_app.domain.texts.text import storable

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_OF_A_PIECE = frozenset({"index", "id", "type", "function", "custom"})


@dataclass(slots=True)
class _Call:
    index: int | str | None
    id: str = ""
    name: str = ""
    arguments: str = ""
    is_custom: bool = False
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        # The input of a custom tool is any text.
        return not self.is_custom and is_object(whole(self.arguments))

    def written(self, call_id: str) -> dict[str, Any]:
        """The call as OpenAI writes it."""
        name = storable(_CONTROLS.sub("", whole(self.name))) or UNNAMED
        arguments = whole(self.arguments)
        if self.is_custom:
            custom = {"name": name, "input": storable(arguments)}
            return {"id": call_id, "type": "custom", "custom": custom}
        function = {"name": name, "arguments": _one_object(_escaped(arguments))}
        return {"id": call_id, "type": "function", "function": function}


@dataclass(frozen=True, slots=True)
class _Piece:
    """One piece of a call, whatever types its server has for its members."""

    index: int | str | None
    id: str
    name: str
    arguments: str
    is_custom: bool
    extra: Mapping[str, Any]


class Calls:
    """The calls of one answer; `new_id` makes ids for calls that come without."""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._calls: list[_Call] = []

    def __len__(self) -> int:
        return len(self._calls)

    def take(self, value: Any) -> None:
        """Take a delta's `tool_calls`: pieces of calls, or whole ones.

        Raises TypeError for what are none.
        """
        for raw in [value] if isinstance(value, dict) else value or ():
            self._take(_piece(raw))

    def take_function(self, value: Any) -> None:
        """Take a legacy `function_call`, of which there is one an answer."""
        if isinstance(value, dict):
            self._take(_piece({"index": 0, "function": value}))

    def finish(self) -> tuple[list[dict[str, Any]], dict[str, dict[str, Any]]]:
        """The whole calls as OpenAI writes them, and the further members of each by its id.

        No two have one id, and none is over the limits that hold for clients.
        """
        calls: list[dict[str, Any]] = []
        extras: dict[str, dict[str, Any]] = {}
        used: set[str] = set()
        for call in self._calls[:TOOL_CALLS_MAX]:
            call_id = storable(_CONTROLS.sub("", whole(call.id)))
            while not call_id or call_id in used or len(call_id) > TOOL_CALL_ID_MAX_CHARS:
                call_id = self._new_id()
            used.add(call_id)
            calls.append(call.written(call_id))
            if call.extra:
                extras[call_id] = call.extra
        return calls, extras

    def _take(self, piece: _Piece) -> None:
        call = self._continued(piece)
        if call is None:
            if not (piece.id or piece.name or piece.arguments):
                raise TypeError
            call = _Call(piece.index)
            self._calls.append(call)
        call.id = call.id or piece.id
        if piece.name and piece.name != call.name:
            is_longer = bool(call.name) and piece.name.startswith(call.name)
            call.name = piece.name if is_longer else call.name + piece.name
        call.arguments += piece.arguments
        call.is_custom = call.is_custom or piece.is_custom
        call.extra.update(piece.extra)

    def _continued(self, piece: _Piece) -> _Call | None:
        """The call that a piece belongs to; None for a new one."""
        if piece.id and (known := [c for c in self._calls if c.id == piece.id]):
            return None if _begins_anew(known[-1], piece) else known[-1]
        call = self._at(piece.index)
        if call is None:
            return None
        if not piece.id:
            return None if _begins_anew(call, piece) else call
        # An id that comes late, or, of some servers, another in each piece of one call.
        goes_on = not piece.name and call.arguments and not call.is_complete
        return call if goes_on or (not call.id and not _begins_anew(call, piece)) else None

    def _at(self, index: int | str | None) -> _Call | None:
        """The newest call of this index; without one, the newest of all."""
        if index is None:
            return self._calls[-1] if self._calls else None
        return next((call for call in reversed(self._calls) if call.index == index), None)


def _begins_anew(call: _Call, piece: _Piece) -> bool:
    """Whether a piece with the id or the index of a call begins another one."""
    if None not in {piece.index, call.index} and piece.index != call.index:
        return True
    if not piece.name:
        return False
    if call.is_complete:
        return bool(piece.arguments) or piece.name != call.name
    # A part of the name after the arguments have begun is no part of it.
    return bool(call.arguments) and piece.name != call.name


def _piece(raw: Any) -> _Piece:
    if not isinstance(raw, dict):
        raise TypeError
    function = raw.get("function") or raw.get("custom")
    function = function if isinstance(function, dict) else raw
    raw_arguments = function.get("arguments", function.get("input", function.get("parameters")))
    return _Piece(
        index=_index(raw.get("index")),
        id=_text(str(number) if isinstance(number := raw.get("id"), int) else number),
        name=_text(function.get("name")),
        arguments=_arguments(raw_arguments),
        is_custom=raw.get("type") == "custom" or isinstance(raw.get("custom"), dict),
        extra={
            name: value
            for name, value in raw.items()
            if name not in _OF_A_PIECE and value is not None and function is not raw
        },
    )


def _index(value: Any) -> int | str | None:
    if isinstance(value, bool) or value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() and len(value) < 9 else value
    return value if isinstance(value, int) else None


def _text(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    raise TypeError


def _arguments(value: Any) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(value, ensure_ascii=False)


def _one_object(text: str) -> str:
    """Without the `{}` that some servers send before the arguments themselves."""
    rest = text.removeprefix("{}")
    return rest if rest != text and is_object(rest) else text


def _escaped(text: str) -> str:
    """Arguments without control characters that no JSON text has as they are."""
    return _CONTROLS.sub(lambda match: _control(match[0]), text)


def _control(character: str) -> str:
    return character if character in "\t\n\r" else f"\\u{ord(character):04x}"
