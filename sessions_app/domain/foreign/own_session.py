"""A conversation as this service exports it: `GET /session/{id}/export`, with its messages."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign.files import ForeignFile, file_name, of_url
from sessions_app.domain.foreign.shapes import (
    OTHER_BRANCH,
    Conversation,
    ForeignMessage,
    as_text,
    identity,
    listed,
    mapped,
    text_or_none,
)
from sessions_app.domain.foreign.times import text_time
from sessions_app.domain.parts import FILE, TEXT

SOURCE = "chat-sessions"
_ROLES = {role.value: role for role in Role}
Stored = Mapping[str, Any]


def recognises(value: Any) -> bool:
    """Whether a value is an exported conversation; one that a person wrote needs only messages."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("messages"), list)
        and not {"conversationId", "chat_messages", "mapping", "models", "history"} & value.keys()
        and all(isinstance(each, dict) and "role" in each for each in value["messages"])
    )


def read_conversation(value: Stored, _: str | None = None) -> Conversation:
    """Read the messages that are current: neither erased nor superseded."""
    conversation = Conversation(
        SOURCE,
        identity(value.get("session_id")),
        title=text_or_none(value.get("title")) or "",
        created_at=text_time(value.get("created_at")),
        updated_at=text_time(value.get("updated_at")),
        archived=value.get("status") == "archived",
    )
    for message in listed(value.get("messages")):
        stored = mapped(message)
        role = _ROLES.get(as_text(stored.get("role")))
        if stored.get("deleted"):
            conversation.left["erased message"] += 1
        elif stored.get("superseded_by") is not None:
            conversation.left[OTHER_BRANCH] += 1
        elif role is None:
            conversation.left[f"role: {as_text(stored.get('role'))}"] += 1
        else:
            conversation.messages.append(_read(stored, role))
    return conversation


def _read(stored: Stored, role: Role) -> ForeignMessage:
    calls = tuple(
        {"id": as_text(call.get("id") or ""), "type": "function", "function": {
            "name": text_or_none(mapped(call.get("function")).get("name")) or "",
            "arguments": as_text(mapped(call.get("function")).get("arguments") or ""),
        }}
        for call in listed(stored.get("tool_calls"))
        if isinstance(call, dict)
    )  # fmt: skip
    is_tool = role is Role.TOOL
    return ForeignMessage(
        role,
        as_text(stored.get("content") or ""),
        text_time(stored.get("timestamp")),
        name=text_or_none(stored.get("name")),
        tool_calls=calls if role is Role.ASSISTANT else (),
        tool_call_id=text_or_none(stored.get("tool_call_id")) if is_tool else None,
        model=text_or_none(mapped(stored.get("metadata")).get("model")),
        files=tuple(_file(part) for part in listed(stored.get("parts")) if _is_file(part)),
    )


def _is_file(part: Any) -> bool:
    return isinstance(part, dict) and part.get("type") != TEXT


def _file(part: Stored) -> ForeignFile:
    kind, name = as_text(part.get("type") or FILE), file_name(part.get("name"))
    reference = text_or_none(part.get("attachment_id"))
    if reference is None and (named := of_url(part.get("url"), kind=kind, name=name)) is not None:
        return named
    media_type = text_or_none(part.get("media_type")) or ""
    return ForeignFile(kind, name, media_type, reference or "")
