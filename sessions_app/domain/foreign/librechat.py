"""LibreChat: the JSON export of a conversation, and the documents of its collections.

In danny-avila/LibreChat, `client/src/hooks/Conversations/useExportConversation.ts` writes the
export; `packages/data-schemas/src/schema/message.ts` and `convo.ts` declare the documents.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign.conversations import (
    Conversation,
    ForeignMessage,
    as_text,
    text_time,
    tool_call,
)

SOURCE = "librechat"
Stored = Mapping[str, Any]


def recognises(value: Any) -> bool:
    """Whether a value is an exported conversation."""
    return isinstance(value, dict) and "conversationId" in value and (
        isinstance(value.get("messages"), list) or isinstance(value.get("messagesTree"), list)
    ) and not _is_conversation_document(value)  # fmt: skip


def recognises_document(value: Any) -> bool:
    """Whether a value is a document of the collection `messages` or `conversations`."""
    return isinstance(value, dict) and "conversationId" in value and (
        "messageId" in value or _is_conversation_document(value)
    )  # fmt: skip


def _is_conversation_document(value: Stored) -> bool:
    # The `messages` of a conversation's document are ids. An export has no `_id`.
    return "_id" in value and "messageId" not in value


def read_conversation(value: Stored) -> Conversation:
    """Read an exported conversation."""
    nested = value.get("messagesTree", value.get("messages"))
    messages = list(_flattened(nested if isinstance(nested, list) else []))
    return _conversation(as_text(value["conversationId"]), value, messages)


def from_documents(conversation_id: str, documents: Iterable[Stored]) -> Conversation:
    """Read a conversation from documents: its messages and, where it is there, its own."""
    head: Stored = {}
    messages: list[Stored] = []
    for document in documents:
        if "messageId" in document:
            messages.append(document)
        else:
            head = document
    return _conversation(conversation_id, head, messages)


def _conversation(conversation_id: str, head: Stored, messages: list[Stored]) -> Conversation:
    conversation = Conversation(
        SOURCE,
        conversation_id,
        title=as_text(head.get("title") or ""),
        owner=next((str(m["user"]) for m in (head, *messages) if m.get("user")), None),
        # Of the messages, not of the document: an export has no time of its own, and the session's
        # id, which depends on it, must be the same from either.
        created_at=min(filter(None, (_time(m, "createdAt") for m in messages)), default=None),
        updated_at=_time(head, "updatedAt"),
        archived=head.get("isArchived") is True,
    )
    branch = _branch(messages)
    if len(branch) < len(messages):
        conversation.left["message of another branch"] += len(messages) - len(branch)
    for message in branch:
        conversation.messages.extend(_read(message, conversation))
    return conversation


def _flattened(messages: Iterable[Any]) -> Iterator[Stored]:
    """The messages of a tree, or of a list, as a list."""
    # Without recursion: every reply is a level deeper.
    waiting = [message for message in messages if isinstance(message, dict)][::-1]
    while waiting:
        message = waiting.pop()
        children = message.get("children")
        yield {name: value for name, value in message.items() if name != "children"}
        if isinstance(children, list):
            inner = [child for child in children if isinstance(child, dict)]
            parent = message.get("messageId")
            # Nested replies do not name their parent. Reversed, since the stack is read from its
            # end.
            waiting += [{"parentMessageId": parent, **child} for child in reversed(inner)]


def _branch(messages: list[Stored]) -> list[Stored]:
    """The newest message and its ancestors, oldest first; all messages where none has a parent.

    LibreChat does not store which branch was shown last.
    """
    # Keyed by id; the order of a dict is that of the file.
    named = {message["messageId"]: message for message in messages if message.get("messageId")}
    if not any(message.get("parentMessageId") in named for message in messages):
        return messages
    times = {name: _time(message, "createdAt") for name, message in named.items()}
    positions = {name: position for position, name in enumerate(named)}
    parents = {message.get("parentMessageId") for message in messages}
    leaves = [name for name in named if name not in parents] or list(named)
    start = datetime.min.isoformat()
    current: Any = max(leaves, key=lambda n: (str(times[n] or start), positions[n]))
    path: dict[str, Stored] = {}
    while current in named and current not in path:
        path[current] = named[current]
        current = named[current].get("parentMessageId")
    return list(path.values())[::-1]


def _time(stored: Stored, name: str) -> datetime | None:
    value = stored.get(name)
    return value if isinstance(value, datetime) else text_time(value)


def _read(message: Stored, conversation: Conversation) -> Iterator[ForeignMessage]:
    """The message; one that used tools becomes several: text, call, result, text."""
    at = _time(message, "createdAt")
    files = [*(message.get("files") or ()), *(message.get("attachments") or ())]
    if files:
        conversation.left["file"] += len(files)
    # An error is shown to the user as a message, but the model did not say it.
    if message.get("error") is True:
        conversation.left["message that tells of an error"] += 1
        return
    if message.get("isCreatedByUser") is True:
        yield ForeignMessage(Role.USER, _own_text(message, conversation), at)
        return
    model = as_text(message["model"]) if message.get("model") else None
    parts = message.get("content")
    if not isinstance(parts, list) or not parts:
        yield ForeignMessage(Role.ASSISTANT, as_text(message.get("text") or ""), at, model=model)
        return
    texts: list[str] = []
    for number, part in enumerate(parts):
        call = part.get("tool_call") if isinstance(part, dict) else None
        if isinstance(call, dict):
            call_id = as_text(call.get("id") or f"{message.get('messageId')}/{number}")
            name, arguments, output = _call(call)
            calls = (tool_call(call_id, name, arguments),)
            text = "\n".join(texts)
            yield ForeignMessage(Role.ASSISTANT, text, at, tool_calls=calls, model=model)
            yield ForeignMessage(Role.TOOL, output, at, name=name, tool_call_id=call_id)
            texts = []
        elif text := _part(part, conversation):
            texts.append(text)
    if texts:
        yield ForeignMessage(Role.ASSISTANT, "\n".join(texts), at, model=model)


def _own_text(message: Stored, conversation: Conversation) -> str:
    if message.get("text"):
        return as_text(message["text"])
    parts = message.get("content")
    listed = parts if isinstance(parts, list) else []
    return "\n".join(filter(None, (_part(part, conversation) for part in listed)))


def _call(call: Stored) -> tuple[str, str, str]:
    """The name, arguments and output of a call, of LibreChat's agents or of its assistants."""
    function = call.get("function")
    inner = function if isinstance(function, dict) else call
    name = as_text(inner.get("name") or call.get("type") or "tool")
    arguments = inner.get("args", inner.get("arguments", call.get(as_text(call.get("type")), {})))
    return name, as_text(arguments or {}), as_text(call.get("output") or inner.get("output") or "")


def _part(part: Any, conversation: Conversation) -> str:
    kind = part.get("type") if isinstance(part, dict) else type(part).__name__
    if kind == "text":
        text = part.get("text")
        return as_text(text.get("value", "") if isinstance(text, dict) else text or "")
    conversation.left[f"part: {as_text(kind)}"] += 1
    return ""
