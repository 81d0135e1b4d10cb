"""LibreChat: the JSON export of a conversation, and documents of its `messages` collection.

The export's writer is `client/src/hooks/Conversations/useExportConversation.ts`; the documents are
declared in `packages/data-schemas/src/schema/message.ts` and `convo.ts` of danny-avila/LibreChat.
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
    # Its `messages` are ids; an export has `exportAt` and no `_id`.
    return "_id" in value and "messageId" not in value


def conversation(value: Stored) -> Conversation:
    """An exported conversation."""
    nested = value.get("messagesTree", value.get("messages"))
    messages = list(_flattened(nested if isinstance(nested, list) else []))
    return _conversation(as_text(value["conversationId"]), value, messages)


def from_documents(conversation_id: str, documents: Iterable[Stored]) -> Conversation:
    """A conversation of which `documents` are the messages and, perhaps, its own document."""
    head: Stored = {}
    messages: list[Stored] = []
    for document in documents:
        if "messageId" in document:
            messages.append(document)
        else:
            head = document
    return _conversation(conversation_id, head, messages)


def _conversation(conversation_id: str, head: Stored, messages: list[Stored]) -> Conversation:
    found = Conversation(
        SOURCE,
        conversation_id,
        title=as_text(head.get("title") or ""),
        owner=next((str(m["user"]) for m in (head, *messages) if m.get("user")), None),
        # The same from an export, which has no time of its own, and from the collections.
        created_at=min(filter(None, (_time(m, "createdAt") for m in messages)), default=None),
        updated_at=_time(head, "updatedAt"),
        archived=head.get("isArchived") is True,
    )
    branch = _branch(messages)
    if len(branch) < len(messages):
        found.left["message of another branch"] += len(messages) - len(branch)
    for message in branch:
        found.messages.extend(_read(message, found))
    return found


def _flattened(messages: Iterable[Any]) -> Iterator[Stored]:
    """A tree, or a list, of messages as a list; without recursion, as every reply is a level."""
    waiting = [message for message in messages if isinstance(message, dict)][::-1]
    while waiting:
        message = waiting.pop()
        children = message.get("children")
        yield {name: value for name, value in message.items() if name != "children"}
        if isinstance(children, list):
            inner = [child for child in children if isinstance(child, dict)]
            parent = message.get("messageId")
            waiting += [{"parentMessageId": parent, **child} for child in reversed(inner)]


def _branch(messages: list[Stored]) -> list[Stored]:
    """The newest message and those that it answers, oldest first.

    LibreChat notes nowhere which branch was shown. Messages that name no parents are all of it.
    """
    named = {message["messageId"]: message for message in messages if message.get("messageId")}
    if not any(message.get("parentMessageId") in named for message in messages):
        return messages
    times = {name: _time(message, "createdAt") for name, message in named.items()}
    places = {name: place for place, name in enumerate(named)}
    parents = {message.get("parentMessageId") for message in messages}
    leaves = [name for name in named if name not in parents] or list(named)
    start = datetime.min.isoformat()
    current: Any = max(leaves, key=lambda n: (str(times[n] or start), places[n]))
    path: dict[str, Stored] = {}
    while current in named and current not in path:
        path[current] = named[current]
        current = named[current].get("parentMessageId")
    return list(path.values())[::-1]


def _time(stored: Stored, name: str) -> datetime | None:
    value = stored.get(name)
    return value if isinstance(value, datetime) else text_time(value)


def _read(message: Stored, found: Conversation) -> Iterator[ForeignMessage]:
    """A message; with tools it used, that is a turn of several."""
    at = _time(message, "createdAt")
    files = [*(message.get("files") or ()), *(message.get("attachments") or ())]
    if files:
        found.left["file"] += len(files)
    if message.get("error") is True:
        found.left["message that tells of an error"] += 1
        return
    if message.get("isCreatedByUser") is True:
        yield ForeignMessage(Role.USER, _own_text(message, found), at)
        return
    model = as_text(message["model"]) if message.get("model") else None
    parts = message.get("content")
    if not isinstance(parts, list) or not parts:
        yield ForeignMessage(Role.ASSISTANT, as_text(message.get("text") or ""), at, model=model)
        return
    said: list[str] = []
    for place, part in enumerate(parts):
        call = part.get("tool_call") if isinstance(part, dict) else None
        if isinstance(call, dict):
            call_id = as_text(call.get("id") or f"{message.get('messageId')}/{place}")
            name, arguments, output = _call(call)
            calls = (tool_call(call_id, name, arguments),)
            yield ForeignMessage(Role.ASSISTANT, "\n".join(said), at, tool_calls=calls, model=model)
            yield ForeignMessage(Role.TOOL, output, at, name=name, tool_call_id=call_id)
            said = []
        elif text := _part(part, found):
            said.append(text)
    if said:
        yield ForeignMessage(Role.ASSISTANT, "\n".join(said), at, model=model)


def _own_text(message: Stored, found: Conversation) -> str:
    if message.get("text"):
        return as_text(message["text"])
    parts = message.get("content")
    listed = parts if isinstance(parts, list) else []
    return "\n".join(filter(None, (_part(part, found) for part in listed)))


def _call(call: Stored) -> tuple[str, str, str]:
    """Name, arguments and output of a call: an agent's, or an assistant's under its kind."""
    function = call.get("function")
    inner = function if isinstance(function, dict) else call
    name = as_text(inner.get("name") or call.get("type") or "tool")
    arguments = inner.get("args", inner.get("arguments", call.get(as_text(call.get("type")), {})))
    return name, as_text(arguments or {}), as_text(call.get("output") or inner.get("output") or "")


def _part(part: Any, found: Conversation) -> str:
    kind = part.get("type") if isinstance(part, dict) else type(part).__name__
    if kind == "text":
        text = part.get("text")
        return as_text(text.get("value", "") if isinstance(text, dict) else text or "")
    found.left[f"part: {as_text(kind)}"] += 1
    return ""
