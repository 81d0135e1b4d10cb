"""LangChain's message history, kept in a session."""

import json
from collections.abc import Sequence
from typing import Any

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    InvalidToolCall,
    SystemMessage,
    ToolCall,
    ToolMessage,
)

from chat_sessions_client import Client
from chat_sessions_client.adapters import naming
from chat_sessions_client.answers import Message, MessageDraft, Role
from chat_sessions_client.requests import new_key

# What a message has beyond the wire's fields.
_ID, _STATUS = "langchain.id", "langchain.status"
_ROLES: dict[type[BaseMessage], Role] = {
    HumanMessage: "user", AIMessage: "assistant", SystemMessage: "system", ToolMessage: "tool",
}  # fmt: skip
# Blocks that repeat what `tool_calls` says, or that are no text of the reply.
_NOT_TEXT = frozenset({"tool_use", "tool_call", "function_call", "reasoning", "thinking"})


class ChatSessionsHistory(BaseChatMessageHistory):
    """The messages of the session that `session_id` names; it is made when it is first used.

    Parallel calls are one assistant message, as the model sent them. Erased messages and replaced
    replies are not among the messages. Only text and calls are kept: others raise ValueError.
    """

    def __init__(self, session_id: str, client: Client) -> None:
        super().__init__()
        self.session_id, self._client = session_id, client

    @property
    def messages(self) -> list[BaseMessage]:
        """All messages, oldest first."""
        stored = self._client.messages(self._stored_id(), page_size=500)
        return [_read(message) for message in naming.visible(stored)]

    def add_messages(self, messages: Sequence[BaseMessage]) -> None:
        """Append messages; up to 100 of them all or none."""
        drafts = [_draft(message) for message in messages]
        if not drafts:
            return
        stored_id, key = self._stored_id(), new_key()
        for number, batch in enumerate(naming.batches(drafts)):
            self._client.append_messages(stored_id, batch, idempotency_key=f"{key}-{number}")

    def clear(self) -> None:
        """Delete the session; the next message begins a new one under the same name."""
        self._client.delete_session(self._stored_id())

    def _stored_id(self) -> str:
        name = naming.external_id(self.session_id)
        return self._client.create_session(external_id=name)["session_id"]


def _draft(message: BaseMessage) -> MessageDraft:
    kind = next((kind for kind in _ROLES if isinstance(message, kind)), None)
    if kind is None:
        raise ValueError(f"A session does not keep a {type(message).__name__}.")
    draft = MessageDraft(role=_ROLES[kind], content=_text(message))
    metadata = {_ID: message.id} if message.id else {}
    if message.name:
        draft["name"] = message.name
    if isinstance(message, AIMessage) and (calls := _calls(message)):
        draft["tool_calls"] = calls
    if isinstance(message, ToolMessage):
        draft["tool_call_id"] = message.tool_call_id
        if message.status != "success":
            metadata[_STATUS] = message.status
    if metadata:
        draft["metadata"] = metadata
    return draft


def _text(message: BaseMessage) -> str:
    blocks: list[Any] = [] if isinstance(message.content, str) else message.content
    for block in blocks:
        if isinstance(block, dict) and block.get("type") not in {"text", *_NOT_TEXT}:
            raise ValueError(f"A session does not keep content of type {block.get('type')!r}.")
    return str(message.text)


def _calls(message: AIMessage) -> list[dict[str, Any]]:
    calls = [
        _call(call["id"], call["name"], json.dumps(call["args"])) for call in message.tool_calls
    ]
    invalid = [_call(call["id"], call["name"], call["args"]) for call in message.invalid_tool_calls]
    return calls + invalid


def _call(call_id: str | None, name: str | None, arguments: str | None) -> dict[str, Any]:
    return {
        "id": call_id or new_key(),
        "type": "function",
        "function": {"name": name or "", "arguments": arguments or ""},
    }


def _read(message: Message) -> BaseMessage:
    common: dict[str, Any] = {
        "content": message["content"],
        "id": message["metadata"].get(_ID),
        "name": message["name"],
    }
    match message["role"]:
        case "user":
            return HumanMessage(**common)
        case "system":
            return SystemMessage(**common)
        case "tool":
            status = message["metadata"].get(_STATUS, "success")
            return ToolMessage(**common, tool_call_id=message["tool_call_id"] or "", status=status)
        case "assistant":
            valid, invalid = _read_calls(message["tool_calls"] or [])
            return AIMessage(**common, tool_calls=valid, invalid_tool_calls=invalid)


def _read_calls(calls: list[dict[str, Any]]) -> tuple[list[ToolCall], list[InvalidToolCall]]:
    valid, invalid = [], []
    for call in calls:
        function = call.get("function") or {}
        name, arguments = function.get("name", ""), function.get("arguments") or "{}"
        try:
            parsed = json.loads(arguments)
        except ValueError:
            parsed = None
        if isinstance(parsed, dict):
            valid.append(ToolCall(name=name, args=parsed, id=call.get("id"), type="tool_call"))
        else:
            invalid.append(
                InvalidToolCall(
                    name=name, args=arguments, id=call.get("id"), error=None,
                    type="invalid_tool_call",
                )
            )  # fmt: skip
    return valid, invalid
