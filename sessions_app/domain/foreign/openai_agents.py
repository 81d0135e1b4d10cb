"""The OpenAI Agents SDK's sessions: lists of items in the shape of the Responses API.

They come from `agent_messages.message_data` of the SDK's SQLite file (openai-agents 0.24,
`agents/memory/sqlite_session.py`), from the same collection of its MongoDB sessions
(`agents/extensions/memory/mongodb_session.py`), or from a JSON list of items.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign.blocks import read_blocks
from sessions_app.domain.foreign.shapes import (
    ENCRYPTED,
    Conversation,
    ForeignMessage,
    as_text,
    tool_call,
)

SOURCE = "agents"
DOUBLED = "item that a retry had stored twice"
_NO_ITEM = "what is no item"
_ROLES = {role.value: role for role in (Role.SYSTEM, Role.USER, Role.ASSISTANT)} | {
    "developer": Role.SYSTEM
}
_CALL, _OUTPUT = "function_call", "function_call_output"
Item = Mapping[str, Any]


def recognises_item(value: Any) -> bool:
    """Whether a value is an item: it has a type, or a role and content, or is encrypted."""
    return isinstance(value, dict) and (
        isinstance(value.get("type"), str)
        or (as_text(value.get("role")) in _ROLES and "content" in value)
        or is_encrypted(value)
    )


def recognises(value: Any) -> bool:
    """Whether a value is a whole session, `{"session_id", "items"}`."""
    return (
        isinstance(value, dict) and "session_id" in value and isinstance(value.get("items"), list)
    )


def recognises_document(value: Any) -> bool:
    """Whether a value is a document of the collections of the SDK's MongoDB sessions."""
    return isinstance(value, dict) and "session_id" in value and (
        "message_data" in value or ("_id" in value and "_seq" in value)
    )  # fmt: skip


def is_encrypted(value: Any) -> bool:
    """Whether a value is an item of the SDK's `EncryptedSession`."""
    return isinstance(value, dict) and bool(value.get("__enc__")) and "payload" in value


def from_documents(session_id: str, documents: Iterable[Item]) -> Conversation:
    """Read a session's documents: its messages and, where it is there, its own."""
    head: Item = {}
    batches: list[Item] = []
    for document in documents:
        if "message_data" in document:
            batches.append(document)
        else:
            head = document
    generation = _number(head.get("_generation"))
    # Without its own document the newest generation is the one that was not cleared.
    if not head:
        generation = max((_number(each.get("generation")) for each in batches), default=0)
    current = [each for each in batches if _number(each.get("generation")) == generation]
    current.sort(key=lambda each: _number(each.get("seq")))
    items = ((item, None) for each in current for item in _items(each.get("message_data")))
    return from_items(
        session_id,
        items,
        created_at=_moment(head.get("created_at")),
        updated_at=_moment(head.get("updated_at")),
    )


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number and value == value else 0


def _moment(value: Any) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _items(stored: Any) -> Iterator[Any]:
    """The items of a document: a list since 0.24, before that one; each is JSON text."""
    for each in stored if isinstance(stored, list) else [stored]:
        try:
            yield json.loads(each) if isinstance(each, str) else each
        except (ValueError, RecursionError):
            yield None


def from_items(
    session_id: str,
    items: Iterable[tuple[Any, datetime | None]],
    *,
    created_at: datetime | None = None,
    updated_at: datetime | None = None,
) -> Conversation:
    """Read a session's items, each with its time or None."""
    conversation = Conversation(SOURCE, session_id, created_at=created_at, updated_at=updated_at)
    repeats = _Repeats()
    for item, at in items:
        if repeats.has(item):
            conversation.changed[DOUBLED] += 1
            continue
        message = _read(item, at, conversation)
        if message is None:
            continue
        # Items do not name their model call: calls in a row belong to one.
        last = conversation.messages[-1] if conversation.messages else None
        if message.tool_calls and last and last.tool_calls:
            # Calls that the model made at once are items of their own here, and one message there.
            calls = (*last.tool_calls, *message.tool_calls)
            conversation.messages[-1] = replace(last, tool_calls=calls)
        else:
            conversation.messages.append(message)
    return conversation


class _Repeats:
    """Knows the items that came before by their ids: a retry stores what it has stored again."""

    def __init__(self) -> None:
        self._known: set[tuple[str, str]] = set()

    def has(self, item: Any) -> bool:
        """Whether an item with this id said the same before."""
        if not isinstance(item, dict):
            return False
        said = self._said(item)
        if said is None:
            return False
        if said in self._known:
            return True
        self._known.add(said)
        return False

    @staticmethod
    def _said(item: Item) -> tuple[str, str] | None:
        kind = as_text(item.get("type") or "message")
        if kind in (_CALL, _OUTPUT) and item.get("call_id"):
            body = [item.get(name) for name in ("name", "arguments", "output")]
            return f"{kind} {as_text(item['call_id'])}", as_text(body)
        if not item.get("id"):
            return None
        return f"{kind} {as_text(item['id'])}", as_text(item)


def _read(item: Any, at: datetime | None, conversation: Conversation) -> ForeignMessage | None:
    if not isinstance(item, dict):
        conversation.left[_NO_ITEM] += 1
        return None
    if is_encrypted(item):
        conversation.left[ENCRYPTED] += 1
        return None
    kind = item.get("type") or "message"
    role = _ROLES.get(as_text(item.get("role")))
    left = conversation.left
    if kind == "message" and role is not None:
        text, files = read_blocks(item.get("content"), left, "part")
        return ForeignMessage(role, text, at, files=files)
    call_id = as_text(item.get("call_id") or item.get("id") or "")
    if kind == _CALL:
        call = tool_call(call_id, item.get("name"), item.get("arguments"))
        return ForeignMessage(Role.ASSISTANT, "", at, tool_calls=(call,))
    if kind == _OUTPUT:
        output, files = read_blocks(item.get("output"), left, "part")
        return ForeignMessage(Role.TOOL, output, at, tool_call_id=call_id or None, files=files)
    left[f"item: {as_text(kind)}"] += 1
    return None
