"""LlamaIndex' chat store, kept in sessions."""

import json
from collections.abc import Mapping
from typing import Any

from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.llms import ChatMessage, MessageRole, TextBlock
from llama_index.core.storage.chat_store.base import BaseChatStore
from pydantic import BaseModel

from chat_sessions_client import Client
from chat_sessions_client.adapters import naming
from chat_sessions_client.answers import Message, MessageDraft, Role
from chat_sessions_client.requests import new_key

_KEY, _ROLE, _MORE = "llama_index.key", "llama_index.role", "llama_index.additional_kwargs"
_ROLES: dict[MessageRole, Role] = {
    MessageRole.SYSTEM: "system", MessageRole.DEVELOPER: "system", MessageRole.USER: "user",
    MessageRole.ASSISTANT: "assistant", MessageRole.CHATBOT: "assistant",
    MessageRole.MODEL: "assistant", MessageRole.TOOL: "tool", MessageRole.FUNCTION: "tool",
}  # fmt: skip
_OWN_FIELDS = frozenset({"tool_calls", "tool_call_id", "name"})
# A value of `metadata`.
_VALUE_MAX = 512


class ChatSessionsStore(BaseChatStore):
    """A session for each key, made when a message is first stored under it.

    Text and calls are kept; `additional_kwargs` beyond those as JSON of up to 512 characters.
    What cannot be kept raises ValueError. A message that is deleted is erased for good.
    """

    _client: Client = PrivateAttr()

    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client

    @classmethod
    def class_name(cls) -> str:
        """The name under which LlamaIndex knows it."""
        return "ChatSessionsStore"

    def set_messages(self, key: str, messages: list[ChatMessage]) -> None:
        """Replace a key's messages."""
        drafts = [_draft(message) for message in messages]
        self._client.delete_session(self._session_id(key))
        self._append(key, drafts)

    def get_messages(self, key: str) -> list[ChatMessage]:
        """A key's messages, oldest first."""
        return [_read(message) for message in self._stored(key)]

    def add_message(self, key: str, message: ChatMessage) -> None:
        """Append a message."""
        self._append(key, [_draft(message)])

    def delete_messages(self, key: str) -> list[ChatMessage] | None:
        """Delete a key with its messages; None where it had none."""
        messages = self.get_messages(key)
        self._client.delete_session(self._session_id(key))
        return messages or None

    def delete_message(self, key: str, idx: int) -> ChatMessage | None:
        """Erase the message at a position; None where there is none."""
        stored = self._stored(key)
        try:
            message = stored[idx]
        except IndexError:
            return None
        self._client.erase_message(self._session_id(key), message["seq"])
        return _read(message)

    def delete_last_message(self, key: str) -> ChatMessage | None:
        """Erase the newest message; None where there is none."""
        session_id = self._session_id(key)
        newest = self._client.messages(session_id, newest_first=True, page_size=10)
        message = next(naming.visible(newest), None)
        if message is None:
            return None
        self._client.erase_message(session_id, message["seq"])
        return _read(message)

    def get_keys(self) -> list[str]:
        """The keys that have messages."""
        return [
            session["metadata"][_KEY]
            for session in self._client.sessions(page_size=500)
            if _KEY in session["metadata"] and session["message_count"]
        ]

    def _append(self, key: str, drafts: list[MessageDraft]) -> None:
        session_id, batch_key = self._session_id(key), new_key()
        for number, batch in enumerate(naming.batches(drafts)):
            self._client.append_messages(session_id, batch, idempotency_key=f"{batch_key}-{number}")

    def _stored(self, key: str) -> list[Message]:
        return list(naming.visible(self._client.messages(self._session_id(key), page_size=500)))

    def _session_id(self, key: str) -> str:
        session = self._client.create_session(
            external_id=naming.external_id(key), metadata={_KEY: key}
        )
        return session["session_id"]


def _draft(message: ChatMessage) -> MessageDraft:
    # Calls are in `additional_kwargs` of OpenAI's form, or in blocks.
    texts, calls = [], list(message.additional_kwargs.get("tool_calls") or [])
    for block in message.blocks:
        if isinstance(block, TextBlock):
            texts.append(block.text)
        elif block.block_type == "tool_call":
            arguments = block.tool_kwargs
            if not isinstance(arguments, str):
                arguments = json.dumps(arguments)
            calls.append(
                {
                    "id": block.tool_call_id or new_key(),
                    "type": "function",
                    "function": {"name": block.tool_name, "arguments": arguments},
                }
            )
        else:
            raise ValueError(f"A session does not keep a block of type {block.block_type!r}.")
    draft = MessageDraft(role=_ROLES[message.role], content="\n".join(texts))
    metadata = {}
    if message.role.value != draft["role"]:
        metadata[_ROLE] = message.role.value
    if calls:
        draft["tool_calls"] = [_plain(call) for call in calls]
    if call_id := message.additional_kwargs.get("tool_call_id"):
        draft["tool_call_id"] = call_id
    if name := message.additional_kwargs.get("name"):
        draft["name"] = name
    if more := _more(message.additional_kwargs):
        metadata[_MORE] = more
    if metadata:
        draft["metadata"] = metadata
    return draft


def _plain(call: Any) -> dict[str, Any]:
    plain: dict[str, Any] = call.model_dump() if isinstance(call, BaseModel) else dict(call)
    return plain


def _more(additional: Mapping[str, Any]) -> str:
    """What is left of a message's additional arguments, as JSON."""
    left = {name: value for name, value in additional.items() if name not in _OWN_FIELDS}
    if not left:
        return ""
    try:
        text = json.dumps(left)
    except TypeError as error:
        raise ValueError(f"A session does not keep additional_kwargs {sorted(left)}.") from error
    if len(text) > _VALUE_MAX:
        raise ValueError(
            f"additional_kwargs {sorted(left)} have more than {_VALUE_MAX} characters."
        )
    return text


def _read(message: Message) -> ChatMessage:
    metadata = message["metadata"]
    additional: dict[str, Any] = json.loads(metadata.get(_MORE, "{}"))
    if message["tool_calls"]:
        additional["tool_calls"] = message["tool_calls"]
    if message["tool_call_id"]:
        additional["tool_call_id"] = message["tool_call_id"]
    if message["name"]:
        additional["name"] = message["name"]
    role = MessageRole(metadata.get(_ROLE, message["role"]))
    blocks = [TextBlock(text=message["content"])] if message["content"] else []
    return ChatMessage(role=role, blocks=blocks, additional_kwargs=additional)
