"""LangChain's `MongoDBChatMessageHistory`: one document per message, `{SessionId, History}`.

`History` is the JSON text of `message_to_dict`: `{"type", "data"}` (langchain-mongodb 0.12
`chat_message_histories.py`, langchain-core 1.8 `messages/`).
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign.blocks import read_blocks
from sessions_app.domain.foreign.extended_json import object_id_time
from sessions_app.domain.foreign.shapes import (
    Conversation,
    ForeignMessage,
    as_text,
    listed,
    mapped,
    text_or_none,
    tool_call,
)

SOURCE = "langchain"
SESSION_KEY, HISTORY_KEY = "SessionId", "History"
_ROLES = {
    "human": Role.USER, "user": Role.USER, "ai": Role.ASSISTANT, "assistant": Role.ASSISTANT,
    "system": Role.SYSTEM, "developer": Role.SYSTEM, "tool": Role.TOOL, "function": Role.TOOL,
}  # fmt: skip
Stored = Mapping[str, Any]


def recognises_document(value: Any) -> bool:
    """Whether a value is a document of LangChain's collection."""
    return isinstance(value, dict) and SESSION_KEY in value and HISTORY_KEY in value


def from_documents(session_id: str, documents: Iterable[Stored]) -> Conversation:
    """Read a session's documents in order; raises InvalidInput for one that is not a message."""
    conversation = Conversation(SOURCE, session_id)
    reader = MessageReader(conversation)
    for number, document in enumerate(documents, 1):
        at = object_id_time(document.get("_id"))
        data, kind = _message(session_id, number, document[HISTORY_KEY])
        reader.take(data, kind, at)
    return conversation


def _message(session_id: str, number: int, history: Any) -> tuple[Stored, str]:
    """The message's fields and its type."""
    try:
        value = json.loads(history) if isinstance(history, str) else history
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"session {session_id}, message {number}: no JSON") from error
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        raise InvalidInput(f"session {session_id}, message {number}: no message of LangChain's")
    return value["data"], as_text(value.get("type"))


class MessageReader:
    """Reads LangChain's messages in order, wherever they were stored."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation
        # A call of the older form has no id; its result comes next.
        self._pending = ""

    def take(self, data: Stored, kind: str, at: datetime | None) -> None:
        """Add a message by its fields and type; a streamed `AIMessageChunk` counts as `ai`."""
        kind = kind.removesuffix("MessageChunk").removesuffix("Message").lower()
        role = _ROLES.get(as_text(data.get("role")) if kind == "chat" else kind)
        if role is None:
            self._conversation.left[f"message type: {kind}"] += 1
            return
        self._conversation.messages.append(self._read(data, role, at))

    def _read(self, data: Stored, role: Role, at: datetime | None) -> ForeignMessage:
        content, files = read_blocks(data.get("content"), self._conversation.left)
        name = as_text(data["name"]) if data.get("name") else None
        if data.get("artifact") is not None:
            self._conversation.left["artifact"] += 1
        if role is Role.TOOL:
            # Results of the older function calls name the function, not the call.
            call_id = as_text(data.get("tool_call_id") or self._pending or "")
            self._pending = ""
            return ForeignMessage(
                role, content, at, name=name, tool_call_id=call_id or None, files=files
            )
        if role is not Role.ASSISTANT:
            return ForeignMessage(role, content, at, name=name, files=files)
        model = mapped(data.get("response_metadata")).get("model_name")
        return ForeignMessage(
            role,
            content,
            at,
            name=name,
            tool_calls=tuple(self._calls(data)),
            model=text_or_none(model),
            files=files,
        )

    def _calls(self, data: Stored) -> list[Mapping[str, Any]]:
        """The calls of a message; those whose arguments its model wrote wrongly among them."""
        extra = mapped(data.get("additional_kwargs"))
        made = [
            tool_call(call.get("id"), call.get("name"), call.get("args", {}))
            for call in (*listed(data.get("tool_calls")), *listed(data.get("invalid_tool_calls")))
            if isinstance(call, dict)
        ]
        if not made:
            # What an older version stored as the provider had sent it.
            functions = ((call, mapped(call.get("function"))) for call in map(mapped, listed(
                extra.get("tool_calls"))))  # fmt: skip
            made = [
                tool_call(call.get("id"), function.get("name"), function.get("arguments"))
                for call, function in functions
                if function
            ]
        # Before `tool_calls`, OpenAI's API had one `function_call` per message, without an id.
        older = extra.get("function_call")
        if not made and isinstance(older, dict):
            self._pending = f"call_{len(self._conversation.messages) + 1}"
            made = [tool_call(self._pending, older.get("name"), older.get("arguments"))]
        return made
