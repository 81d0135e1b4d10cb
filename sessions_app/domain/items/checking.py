"""Whether what is kept of a message's items has the shape that it is read in."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.items.data import Kind

_RECORDS = frozenset({"reasoning", "message", "output"})
# Those of custom tools were opaque at first, and what has been stored so stays so.
_NEVER_OPAQUE = frozenset(Kind) - {Kind.CUSTOM_CALL, Kind.CUSTOM_OUTPUT}
_RECORD_MEMBERS = frozenset({"members", "part", "parts"})


def problem_of(items: Any) -> str | None:
    """What is wrong with a `Message.items`; None when it can be read."""
    if not isinstance(items, Mapping):
        return "no object"
    if unknown := sorted(items.keys() - _RECORDS - {"calls", "opaque", "removed"}):
        return f"unknown: {', '.join(unknown)}"
    if items.get("removed") not in (None, True):
        return "removed is not true"
    opaque = items.get("opaque")
    if opaque is not None and not _is_item(opaque):
        return "opaque is no item of a type that is not modelled"
    calls = items.get("calls", {})
    if not isinstance(calls, Mapping):
        return "calls is no object"
    records = [items[name] for name in sorted(_RECORDS & items.keys())] + list(calls.values())
    return None if all(map(_is_record, records)) else "a record is not one"


def _is_item(value: Any) -> bool:
    if not isinstance(value, Mapping) or not isinstance(value.get("type"), str):
        return False
    return value["type"] not in _NEVER_OPAQUE and _has_id(value)


def _is_record(value: Any) -> bool:
    if not isinstance(value, Mapping) or value.keys() - _RECORD_MEMBERS:
        return False
    members, part = value.get("members", {}), value.get("part", {})
    has_parts = isinstance(members, Mapping) and isinstance(part, Mapping)
    is_whole = has_parts and _has_id(members) and isinstance(part.get("type", ""), str)
    return is_whole and all(map(_is_part, value.get("parts", ())))


def _is_part(value: Any) -> bool:
    """Whether it is a length and the rest of a part; see `parts.without_texts`."""
    if not isinstance(value, list) or len(value) != 2 or not isinstance(value[1], Mapping):
        return False
    return value[0] is None or (type(value[0]) is int and value[0] >= 0)


def _has_id(members: Mapping[str, Any]) -> bool:
    """Whether it has a usable id or none."""
    return isinstance(members.get("id", ""), str | None)
