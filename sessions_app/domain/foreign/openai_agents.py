"""The OpenAI Agents SDK's sessions: lists of items in the shape of the Responses API.

They come from `agent_messages.message_data` of the SDK's SQLite file (openai-agents 0.24,
`agents/memory/sqlite_session.py`) or from a JSON list of items.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign.conversations import (
    Conversation,
    ForeignMessage,
    as_text,
    tool_call,
)

SOURCE = "agents"
_ROLES = {role.value: role for role in (Role.SYSTEM, Role.USER, Role.ASSISTANT)} | {
    "developer": Role.SYSTEM
}
_CALL, _OUTPUT = "function_call", "function_call_output"
Item = Mapping[str, Any]


def recognises_item(value: Any) -> bool:
    """Whether a value is an item: it has a type, or a role and content."""
    return isinstance(value, dict) and (
        isinstance(value.get("type"), str) or (value.get("role") in _ROLES and "content" in value)
    )


def recognises(value: Any) -> bool:
    """Whether a value is a whole session, `{"session_id", "items"}`."""
    return (
        isinstance(value, dict) and "session_id" in value and isinstance(value.get("items"), list)
    )


def from_items(
    session_id: str,
    items: Iterable[tuple[Any, datetime | None]],
    *,
    created_at: datetime | None = None,
    updated_at: datetime | None = None,
) -> Conversation:
    """Read a session's items, each with its time or None."""
    conversation = Conversation(SOURCE, session_id, created_at=created_at, updated_at=updated_at)
    for item, at in items:
        message = _read(item, at, conversation)
        if message is None:
            continue
        # Items do not name their model call: calls in a row belong to one.
        last = conversation.messages[-1] if conversation.messages else None
        if message.tool_calls and last and last.tool_calls:
            # Calls that the model made at once are items of their own here, and one message there.
            calls = (*last.tool_calls, *message.tool_calls)
            message = ForeignMessage(Role.ASSISTANT, last.content, last.at, tool_calls=calls)
            conversation.messages[-1] = message
        else:
            conversation.messages.append(message)
    return conversation


def _read(item: Any, at: datetime | None, conversation: Conversation) -> ForeignMessage | None:
    if not isinstance(item, dict):
        conversation.left["what is no item"] += 1
        return None
    kind = item.get("type", "message")
    role = _ROLES.get(as_text(item.get("role")))
    if kind == "message" and role is not None:
        return ForeignMessage(role, _text(item.get("content"), conversation), at)
    call_id = as_text(item.get("call_id") or item.get("id") or "")
    if kind == _CALL:
        arguments = as_text(item.get("arguments") or "{}")
        call = tool_call(call_id, as_text(item.get("name") or "tool"), arguments)
        return ForeignMessage(Role.ASSISTANT, "", at, tool_calls=(call,))
    if kind == _OUTPUT:
        output = _text(item.get("output"), conversation)
        return ForeignMessage(Role.TOOL, output, at, tool_call_id=call_id or "call")
    conversation.left[f"item: {as_text(kind)}"] += 1
    return None


def _text(content: Any, conversation: Conversation) -> str:
    if not isinstance(content, list):
        return as_text(content or "")
    texts: list[str] = []
    for part in content:
        text = part.get("text", part.get("refusal")) if isinstance(part, dict) else part
        if isinstance(text, str):
            texts.append(text)
        else:
            kind = as_text(part.get("type")) if isinstance(part, dict) else type(part).__name__
            conversation.left[f"part: {kind}"] += 1
    return "\n".join(texts)
