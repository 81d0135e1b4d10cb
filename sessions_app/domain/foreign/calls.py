"""Tool calls and their results, arranged so that every model's server takes them.

Programs store calls without ids, two with one id, and several results of a call. Here each call of
a conversation has an id of its own and at most one result, as the wire has it.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.dialect.naming import ID_MAX_CHARS, NAME_MAX_CHARS
from sessions_app.domain.foreign.shapes import ForeignMessage
from sessions_app.domain.texts.text import storable

UNNAMED = "tool"
RENAMED_TOOL = "tool name with signs that no server takes"
NEW_ID = "id of a tool call: missing, too long or taken"
WRAPPED = "arguments that are no JSON object, put into one"
JOINED = "further result of a tool call, joined to its first"
_FITS = re.compile(r"[a-zA-Z0-9_-]+")
_MISFITS = re.compile(r"[^a-zA-Z0-9_-]+")


@dataclass(slots=True)
class _Call:
    source_id: str
    call_id: str
    name: str
    # Of its result in the arranged messages; None while there is none.
    result: int | None = None


def arranged(messages: Iterable[ForeignMessage], changed: Counter[str]) -> list[ForeignMessage]:
    """The messages with fitting calls and results; counts in `changed` what had to be changed."""
    arranging = _Arranging(changed)
    for number, message in enumerate(messages, 1):
        arranging.take(number, message)
    return arranging.messages


class _Arranging:
    def __init__(self, changed: Counter[str]) -> None:
        self.messages: list[ForeignMessage] = []
        self._changed = changed
        self._used: set[str] = set()
        self._again: Counter[str] = Counter()
        # Waiting calls in their order, and the newest call under each id and each name.
        self._open: dict[int, _Call] = {}
        self._open_by_id: dict[str, dict[int, _Call]] = {}
        self._open_by_name: dict[str, dict[int, _Call]] = {}
        self._newest_by_id: dict[str, _Call] = {}
        self._count = 0

    def take(self, number: int, message: ForeignMessage) -> None:
        if message.role is Role.TOOL:
            self._answer(number, message)
            return
        if message.tool_calls:
            asked = enumerate(message.tool_calls, 1)
            calls = tuple(self._asked(f"call_{number}_{at}", call) for at, call in asked)
            message = replace(message, tool_calls=calls)
        self.messages.append(message)

    def _asked(self, default_id: str, call: Mapping[str, Any]) -> Mapping[str, Any]:
        function = call["function"]
        source_id, source_name = call["id"], function["name"]
        call_id = self._own_id(source_id, default_id)
        name = _fitting_name(source_name)
        if source_name and name != source_name:
            self._changed[RENAMED_TOOL] += 1
        arguments, is_wrapped = _object_text(function["arguments"])
        if is_wrapped:
            self._changed[WRAPPED] += 1
        known = _Call(source_id, call_id, source_name)
        self._count += 1
        self._open[self._count] = known
        self._open_by_id.setdefault(source_id, {})[self._count] = known
        self._open_by_name.setdefault(source_name, {})[self._count] = known
        self._newest_by_id[source_id] = known
        return {
            "id": call_id,
            "type": "function",
            "function": {"name": name, "arguments": arguments},
        }

    def _answer(self, number: int, message: ForeignMessage) -> None:
        source_id, name = message.tool_call_id or "", message.name or ""
        call = self._waiting(source_id, name)
        if call is None and source_id in self._newest_by_id and source_id:
            call = self._newest_by_id[source_id]
        if call is not None and call.result is not None:
            self._changed[JOINED] += 1
            self.messages[call.result] = _joined(self.messages[call.result], message)
            return
        # A result without its call keeps its words.
        call_id = call.call_id if call else self._own_id(source_id, f"call_{number}")
        fitting = _fitting_name(name or (call.name if call else "")) if name else None
        if call is None:
            call = _Call(source_id, call_id, name)
            if source_id:
                self._newest_by_id[source_id] = call
        call.result = len(self.messages)
        self.messages.append(replace(message, tool_call_id=call_id, name=fitting))

    def _waiting(self, source_id: str, name: str) -> _Call | None:
        """The call that a result answers: by its id; without one by its name, else the oldest."""
        if source_id:
            waiting = self._open_by_id.get(source_id, {})
        else:
            waiting = self._open_by_name.get(name) or self._open
        if not waiting:
            return None
        number = next(iter(waiting))
        call = self._open.pop(number)
        for index, key in ((self._open_by_id, call.source_id), (self._open_by_name, call.name)):
            del index[key][number]
        return call

    def _own_id(self, source_id: str, default_id: str) -> str:
        """An id that no other call has, and that servers take."""
        wanted = _fitting_id(source_id) or default_id
        call_id = wanted
        while call_id in self._used:
            self._again[wanted] += 1
            call_id = _fitting_id(f"{wanted}_{self._again[wanted] + 1}")
        self._used.add(call_id)
        if call_id != source_id:
            self._changed[NEW_ID] += 1
        return call_id


def _joined(first: ForeignMessage, second: ForeignMessage) -> ForeignMessage:
    if second.content == first.content and second.files == first.files:
        return first
    content = "\n".join(filter(None, (first.content, second.content)))
    return replace(first, content=content, files=first.files + second.files)


def _fitting_id(text: str) -> str:
    clean = storable(text)
    if not clean or (len(clean) <= ID_MAX_CHARS and _FITS.fullmatch(clean)):
        return clean
    # "call_" and a UUID have 41 characters, of which the hyphens say nothing.
    if 0 < len(short := clean.replace("-", "")) <= ID_MAX_CHARS and _FITS.fullmatch(short):
        return short
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return f"call_{digest[:32]}"


def _fitting_name(name: str) -> str:
    if _FITS.fullmatch(name) and len(name) <= NAME_MAX_CHARS:
        return name
    return _MISFITS.sub("_", name).strip("_")[:NAME_MAX_CHARS] or UNNAMED


def _object_text(text: str) -> tuple[str, bool]:
    """Arguments as the text of a JSON object, and whether they had to be put into one."""
    clean = storable(text)
    if clean.strip() in ("", "null"):
        return "{}", False
    try:
        if isinstance(json.loads(clean), dict):
            return clean, False
    except (ValueError, RecursionError):
        pass
    return json.dumps({"input": clean}, ensure_ascii=False), True
