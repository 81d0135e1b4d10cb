"""Calls as they were written before they had ids: `function_call` and the role `function`.

Ids are made of what is called, so that a history that is sent again has the same ones.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from sessions_app.domain.errors import InvalidInput


def with_ids(messages: Sequence[Any]) -> Iterator[Any]:
    """The messages with `tool_calls` and `tool_call_id` in place of the old members."""
    newest: dict[str, str] = {}
    for index, message in enumerate(messages):
        if not isinstance(message, dict):
            yield message
        elif message.get("function_call") is not None and message.get("role") == "assistant":
            call = _call(message["function_call"], f"messages.{index}.function_call")
            newest[call["function"]["name"]] = call["id"]
            # A client that knows both forms may send both of one call.
            yield {**message, "tool_calls": message.get("tool_calls") or [call]}
        elif message.get("role") == "function" and isinstance(message.get("name"), str):
            call_id = newest.get(message["name"]) or _id(message["name"])
            yield {**message, "role": "tool", "tool_call_id": call_id}
        else:
            yield message


def _call(value: Any, path: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise InvalidInput("Expected an object with a name and arguments.", attr=path)
    arguments = value.get("arguments", "")
    if not isinstance(arguments, str):
        raise InvalidInput("Expected text.", attr=f"{path}.arguments")
    function = {"name": value["name"], "arguments": arguments}
    return {"id": _id(value["name"], arguments), "type": "function", "function": function}


def _id(*parts: Any) -> str:
    written = json.dumps(parts, default=str).encode()
    return f"call_{hashlib.blake2b(written, digest_size=12).hexdigest()}"
