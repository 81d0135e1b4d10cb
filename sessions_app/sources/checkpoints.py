"""Unpacks LangGraph's checkpoints: MessagePack or JSON, whose objects are read and never made.

LangGraph's serializer (langgraph-checkpoint 4.3, `serde/jsonplus.py`) writes an object as an
extension of MessagePack that has the names of its module and its class, and its fields.
"""

import json
from typing import Any

import ormsgpack

from sessions_app.domain.errors import InvalidInput

# By position: the names of the module and the class, then the fields or arguments.
_FIELDS_AT = 2
_SNAPSHOT = 7
_ARRAY = 6


def unpacked(kind: Any, data: Any) -> Any:
    """The checkpoint as plain values; raises InvalidInput."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    if not isinstance(data, bytes):
        raise InvalidInput("the checkpoint is no bytes")
    try:
        if kind == "msgpack":
            return _of_msgpack(data)
        if kind == "json":
            return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"the checkpoint cannot be unpacked: {error}") from error
    # A pickle runs code when it is read.
    raise InvalidInput(f"the checkpoint is of type {kind!r}, which is not read")


def _of_msgpack(data: bytes) -> Any:
    return ormsgpack.unpackb(data, ext_hook=_fields, option=ormsgpack.OPT_NON_STR_KEYS)


def _fields(code: int, data: bytes) -> Any:
    """The fields of an object, or the value that it was made of."""
    stored = _of_msgpack(data)
    if code == _SNAPSHOT:
        return stored
    if code == _ARRAY or not isinstance(stored, list) or len(stored) <= _FIELDS_AT:
        return None
    fields = stored[_FIELDS_AT]
    # The class tells the type of a message that does not say it itself.
    if isinstance(fields, dict) and "content" in fields and isinstance(stored[1], str):
        return {"type": stored[1], **fields}
    return fields
