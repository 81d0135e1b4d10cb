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
from sessions_app.domain.foreign.conversations import (
    Conversation,
    ForeignMessage,
    as_text,
    object_id_time,
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
    pending = ""
    for number, document in enumerate(documents, 1):
        at = object_id_time(document.get("_id"))
        data, kind = _message(session_id, number, document[HISTORY_KEY])
        role = _ROLES.get(as_text(data.get("role")) if kind == "chat" else kind)
        if role is None:
            conversation.left[f"message type: {kind}"] += 1
            continue
        message, pending = _read(data, role, at, conversation, pending)
        conversation.messages.append(message)
    return conversation


def _message(session_id: str, number: int, history: Any) -> tuple[Stored, str]:
    """The message's fields and its type; a streamed `AIMessageChunk` counts as `ai`."""
    try:
        value = json.loads(history) if isinstance(history, str) else history
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"session {session_id}, message {number}: no JSON") from error
    if not isinstance(value, dict) or not isinstance(value.get("data"), dict):
        raise InvalidInput(f"session {session_id}, message {number}: no message of LangChain's")
    kind = as_text(value.get("type")).removesuffix("MessageChunk").lower()
    return value["data"], kind


def _read(
    data: Stored, role: Role, at: datetime | None, conversation: Conversation, pending: str
) -> tuple[ForeignMessage, str]:
    """The message, and the id of a function call that waits for its result ("" for none)."""
    content = _text(data.get("content"), conversation)
    name = as_text(data["name"]) if data.get("name") else None
    extra = data.get("additional_kwargs")
    if data.get("artifact") is not None:
        conversation.left["artifact"] += 1
    if role is Role.TOOL:
        # Results of the older function calls name the function, not the call.
        call_id = as_text(data.get("tool_call_id") or pending or f"call_{name}")
        return ForeignMessage(role, content, at, name=name, tool_call_id=call_id), ""
    if role is not Role.ASSISTANT:
        return ForeignMessage(role, content, at, name=name), pending
    calls = [
        tool_call(as_text(call.get("id") or ""), as_text(call.get("name")), as_text(call["args"]))
        for call in [*(data.get("tool_calls") or ()), *(data.get("invalid_tool_calls") or ())]
        if isinstance(call, dict) and "args" in call
    ]
    # Before `tool_calls`, OpenAI's API had one `function_call` per message, without an id.
    older = extra.get("function_call") if isinstance(extra, dict) else None
    if not calls and isinstance(older, dict):
        pending = f"call_{len(conversation.messages) + 1}"
        arguments = as_text(older.get("arguments") or "{}")
        calls = [tool_call(pending, as_text(older.get("name")), arguments)]
    details = data.get("response_metadata")
    model = details.get("model_name") if isinstance(details, dict) else None
    message = ForeignMessage(
        role, content, at, name=name, tool_calls=tuple(calls), model=model and as_text(model)
    )
    return message, pending


def _text(content: Any, conversation: Conversation) -> str:
    """The text of a message: plain, or that of its text blocks; other blocks are counted."""
    if not isinstance(content, list):
        return as_text(content or "")
    texts: list[str] = []
    for block in content:
        if isinstance(block, str):
            texts.append(block)
        elif isinstance(block, dict) and isinstance(block.get("text"), str):
            texts.append(block["text"])
        else:
            kind = as_text(block.get("type")) if isinstance(block, dict) else type(block).__name__
            # Calls are in `tool_calls` as well, so as blocks they are not lost.
            if kind not in ("tool_use", "tool_call", "function_call"):
                conversation.left[f"content block: {kind}"] += 1
    return "\n".join(texts)
