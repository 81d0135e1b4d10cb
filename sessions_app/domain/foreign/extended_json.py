"""MongoDB's extended JSON, as `mongoexport` writes it, and what its ids know."""

import base64
import binascii
from datetime import datetime
from typing import Any

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign.times import seconds_time, text_time

# Documents of MongoDB are nested 100 levels deep at most.
_DEPTH_MAX = 200
_SHOWN_CHARS = 60


def plain(value: Any, depth: int = 0) -> Any:
    """Turn extended JSON into plain values; ids become text. Raises InvalidInput."""
    if depth > _DEPTH_MAX:
        raise InvalidInput("nested too deeply")
    if isinstance(value, list):
        return [plain(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        [(name, inner)] = value.items()
        if name in _READERS:
            return _READERS[name](name, inner, value)
    return {name: plain(each, depth + 1) for name, each in value.items()}


def _id(_: str, inner: Any, value: Any) -> Any:
    return inner if isinstance(inner, str) else value


def _date(_: str, inner: Any, __: Any) -> datetime | None:
    moment = plain(inner)
    number = isinstance(moment, int | float) and not isinstance(moment, bool)
    return text_time(moment) or seconds_time(moment / 1_000 if number else None)


def _whole(name: str, inner: Any, _: Any) -> int:
    try:
        # `int` would cut a float, and take true for 1.
        if isinstance(inner, str | int) and not isinstance(inner, bool):
            return int(inner)
    except ValueError:
        pass
    raise _refusal(name, inner, "whole number")


def _fraction(name: str, inner: Any, _: Any) -> float:
    try:
        if isinstance(inner, str | int | float) and not isinstance(inner, bool):
            return float(inner)
    except (ValueError, OverflowError):
        pass
    raise _refusal(name, inner, "number")


def _binary(name: str, inner: Any, _: Any) -> bytes:
    # Version 2 has an object, version 1 the text itself, with `$type` beside it.
    data = inner.get("base64") if isinstance(inner, dict) else inner
    try:
        if isinstance(data, str):
            return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        pass
    raise _refusal(name, inner, "base64")


def _refusal(name: str, inner: Any, kind: str) -> InvalidInput:
    return InvalidInput(f"{name} is {repr(inner)[:_SHOWN_CHARS]}, which is no {kind}")


_READERS: dict[str, Any] = {
    "$oid": _id,
    "$date": _date,
    "$numberLong": _whole,
    "$numberInt": _whole,
    "$numberDouble": _fraction,
    "$numberDecimal": _fraction,
    "$binary": _binary,
}


def object_id_time(text: Any) -> datetime | None:
    """The time in a MongoDB ObjectId of 24 hexadecimal digits; None for any other value."""
    if not isinstance(text, str) or len(text) != 24:
        return None
    try:
        return seconds_time(int(text[:8], 16))
    except ValueError:
        return None
