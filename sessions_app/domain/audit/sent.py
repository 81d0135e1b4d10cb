"""Whether a model's server takes what it is sent: the rules of `dialect`, with code of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from sessions_app.domain import parts
from sessions_app.domain.drafts import message_tokens
from sessions_app.domain.texts.tokens import TokenCounter, window_cost

Messages = Sequence[Mapping[str, Any]]
_FITS = re.compile(r"[a-zA-Z0-9_-]+")


def complaints(messages: Messages, *, strict: bool) -> Iterator[str]:
    """What a server would refuse these messages for; `strict`, one whose template wants roles to
    alternate."""
    yield from _texts(messages)
    yield from _calls(messages)
    yield from _results(messages)
    roles = [str(message["role"]) for message in messages]
    if "developer" in roles:
        yield "a developer's message"
    if roles[:2] == ["system", "system"]:
        yield "two instructions at the beginning"
    if strict:
        yield from _order(messages)


def tokens_sent(messages: Messages, count: TokenCounter) -> int:
    """What these messages cost, counted anew. What stands beside a call is not counted."""
    total = 0
    for message in messages:
        calls = [
            {name: call[name] for name in ("id", "type", "function", "custom") if name in call}
            for call in message.get("tool_calls", ())
        ]
        content = message["content"]
        text = message_tokens(
            count, parts.sent_text(content), name=message.get("name"), tool_calls=calls
        )
        total += window_cost(text + parts.sent_tokens(content))
    return total


def _texts(messages: Messages) -> Iterator[str]:
    for at, message in enumerate(messages):
        if not parts.sent_text(message["content"]).strip() and not message.get("tool_calls"):
            yield f"message {at} says nothing"
        name = message.get("name")
        if name is not None and not (_FITS.fullmatch(name) and len(name) <= 64):
            yield f"message {at} has a speaker's name that does not fit"


def _calls(messages: Messages) -> Iterator[str]:
    seen: set[str] = set()
    for at, message in enumerate(messages):
        for call in message.get("tool_calls", ()):
            call_id, inner = call["id"], call.get(call["type"]) or {}
            if call_id in seen or len(call_id) > 40 or not _FITS.fullmatch(call_id):
                yield f"message {at} has a call whose id is not unique or does not fit"
            seen.add(call_id)
            name = inner.get("name", "")
            if not _FITS.fullmatch(name) or len(name) > 64:
                yield f"message {at} calls a tool by a name that does not fit"
            if call["type"] == "function" and not _is_object(inner.get("arguments")):
                yield f"message {at} has arguments that are no object"


def _is_object(text: Any) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except (TypeError, ValueError, RecursionError):
        return False


def _results(messages: Messages) -> Iterator[str]:
    wanted: list[str] = []
    for at, message in enumerate(messages):
        if message["role"] != "tool":
            if wanted:
                yield f"a call before message {at} has no result directly behind it"
            wanted = [call["id"] for call in message.get("tool_calls", ())]
        elif not wanted or message.get("tool_call_id") != wanted[0]:
            yield f"message {at} is a result that does not follow its call in order"
        else:
            wanted.pop(0)
    if wanted:
        yield "the last call has no result"


def _order(messages: Messages) -> Iterator[str]:
    """As Mistral's templates: the system first, then user and assistant by turns.

    Calls and results go with the assistant that makes them.
    """
    behind = messages[1:] if messages and messages[0]["role"] == "system" else messages
    if any(message["role"] == "system" for message in behind):
        yield "an instruction behind the beginning"
    turns = [m["role"] for m in behind if m["role"] != "tool" and not m.get("tool_calls")]
    if any(role != ("user", "assistant")[at % 2] for at, role in enumerate(turns)):
        yield "roles do not alternate from a user's message on"
    for before, message in pairwise(behind):
        if message["role"] == "user" and before["role"] == "tool":
            yield "a question directly behind a result"
