"""LibreChat: the JSON export of a conversation, and the documents of its collections.

In danny-avila/LibreChat, `client/src/hooks/Conversations/useExportConversation.ts` writes the
export; `packages/data-schemas/src/schema/message.ts` and `convo.ts` declare the documents.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign import citations
from sessions_app.domain.foreign.files import ForeignFile, file_name, kind_of, of_url
from sessions_app.domain.foreign.shapes import (
    OTHER_BRANCH,
    Conversation,
    ForeignMessage,
    as_text,
    identity,
    listed,
    mapped,
    text_or_none,
    tool_call,
)
from sessions_app.domain.foreign.times import text_time
from sessions_app.domain.foreign.trees import branch_to, other_ends
from sessions_app.domain.parts import IMAGE

SOURCE = "librechat"
Stored = Mapping[str, Any]
_SHOWN_CHARS = 60


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


def read_conversation(value: Stored, end: str | None = None) -> Conversation:
    """Read an exported conversation, or the branch that ends at `end`; raises InvalidInput."""
    nested = value.get("messagesTree", value.get("messages"))
    messages = list(_flattened(nested if isinstance(nested, list) else []))
    return _conversation(identity(value.get("conversationId")), value, messages, end)


def from_documents(
    conversation_id: str, documents: Iterable[Stored], end: str | None = None
) -> Conversation:
    """Read a conversation from documents: its messages and, where it is there, its own."""
    head: Stored = {}
    messages: list[Stored] = []
    for document in documents:
        if "messageId" in document:
            messages.append(document)
        else:
            head = document
    return _conversation(conversation_id, head, messages, end)


def _conversation(
    conversation_id: str, head: Stored, messages: list[Stored], end: str | None
) -> Conversation:
    for message in messages:
        check_ids(message)
    owner = next((m["user"] for m in (head, *messages) if identity(m.get("user"))), None)
    conversation = Conversation(
        SOURCE,
        conversation_id,
        title=text_or_none(head.get("title")) or "",
        owner=identity(owner) or None,
        # Of the messages, not of the document: an export has no time of its own, and the session's
        # id, which depends on it, must be the same from either.
        created_at=min(filter(None, (_time(m, "createdAt") for m in messages)), default=None),
        updated_at=_time(head, "updatedAt"),
        archived=head.get("isArchived") is True,
    )
    branch = _branch(messages, conversation, end)
    if len(branch) < len(messages):
        conversation.left[OTHER_BRANCH] += len(messages) - len(branch)
    for message in branch:
        conversation.messages.extend(_read(message, conversation))
    return conversation


def check_ids(message: Stored) -> None:
    """Raise InvalidInput for a message whose ids are no text: its place could not be known."""
    for name in ("messageId", "parentMessageId"):
        value = message.get(name)
        if value is not None and not isinstance(value, str):
            shown = as_text(value)[:_SHOWN_CHARS]
            raise InvalidInput(f"{name} is {shown}, which is no text")


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


def _branch(messages: list[Stored], conversation: Conversation, end: str | None) -> list[Stored]:
    """The newest message and its ancestors, oldest first; all messages where none has a parent.

    LibreChat does not store which branch was shown last.
    """
    # Keyed by id; the order of a dict is that of the file.
    named = {message["messageId"]: message for message in messages if message.get("messageId")}
    if not any(message.get("parentMessageId") in named for message in messages):
        return messages

    def parent_of(name: str) -> object:
        return named[name].get("parentMessageId")

    branch = branch_to(end or _newest(named), named, parent_of)
    conversation.other_ends = other_ends(named, parent_of, branch)
    return [named[name] for name in branch]


def _newest(named: Mapping[str, Stored]) -> str:
    """The newest message that has no reply; of those of one time the last in the file."""
    positions = {name: position for position, name in enumerate(named)}
    parents = {message.get("parentMessageId") for message in named.values()}
    leaves = [name for name in named if name not in parents] or list(named)
    start = datetime.min.isoformat()
    times = {name: str(_time(named[name], "createdAt") or start) for name in leaves}
    return max(leaves, key=lambda name: (times[name], positions[name]))


def _time(stored: Stored, name: str) -> datetime | None:
    value = stored.get(name)
    return value if isinstance(value, datetime) else text_time(value)


def _read(message: Stored, conversation: Conversation) -> Iterator[ForeignMessage]:
    """The message; one that used tools becomes several: text, call, result, text."""
    at = _time(message, "createdAt")
    files = _files(message)
    # An error is shown to the user as a message, but the model did not say it.
    if message.get("error") is True:
        conversation.left["message that tells of an error"] += 1
        return
    if message.get("isCreatedByUser") is True:
        yield ForeignMessage(Role.USER, _own_text(message, conversation), at, files=files)
        return
    reply = _Reply(at, as_text(message["model"]) if message.get("model") else None, files)
    parts = message.get("content")
    if not isinstance(parts, list) or not parts:
        text = _cited(as_text(message.get("text") or ""), conversation)
        yield reply.said([text])
        return
    texts: list[str] = []
    pending = False
    for number, part in enumerate(parts):
        call = part.get("tool_call") if isinstance(part, dict) else None
        if isinstance(call, dict):
            yield from reply.used(call, texts, f"{message.get('messageId')}/{number}")
            texts, pending = [], True
        elif text := _part(part, conversation):
            texts.append(_cited(text, conversation))
    if texts or (reply.files and not pending):
        yield reply.said(texts)


class _Reply:
    """The messages that a reply of LibreChat becomes; its files come with the first."""

    def __init__(
        self, at: datetime | None, model: str | None, files: tuple[ForeignFile, ...]
    ) -> None:
        self._at, self._model = at, model
        self.files = files

    def said(self, texts: list[str]) -> ForeignMessage:
        files, self.files = self.files, ()
        return ForeignMessage(
            Role.ASSISTANT, "\n".join(texts), self._at, model=self._model, files=files
        )

    def used(self, call: Stored, texts: list[str], default_id: str) -> Iterator[ForeignMessage]:
        name, arguments, output = _call(call)
        made = tool_call(call.get("id") or default_id, name, arguments)
        files, self.files = self.files, ()
        yield ForeignMessage(
            Role.ASSISTANT,
            "\n".join(texts),
            self._at,
            tool_calls=(made,),
            model=self._model,
            files=files,
        )
        yield ForeignMessage(Role.TOOL, output, self._at, name=name, tool_call_id=made["id"])


def _own_text(message: Stored, conversation: Conversation) -> str:
    if message.get("text"):
        return as_text(message["text"])
    parts = listed(message.get("content"))
    return "\n".join(filter(None, (_part(part, conversation) for part in parts)))


def _cited(text: str, conversation: Conversation) -> str:
    return citations.resolved(text, {}, changed=conversation.changed, left=conversation.left)


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
    # Pictures of a message stand in its files as well.
    if kind not in ("image_file", "image_url"):
        conversation.left[f"part: {as_text(kind)}"] += 1
    return ""


def _files(message: Stored) -> tuple[ForeignFile, ...]:
    """The files of a message, each once: by its id it may stand in the content as well."""
    files: dict[str, ForeignFile] = {}
    for stored in (*listed(message.get("files")), *listed(message.get("attachments"))):
        described = mapped(stored)
        name = file_name(described.get("filename"))
        media_type = text_or_none(described.get("type")) or ""
        file_id = as_text(described.get("file_id") or "")
        reference = file_name(described.get("filepath")) or file_id
        file = ForeignFile(kind_of(media_type), name, media_type, reference)
        files.setdefault(file_id or f"{name}/{len(files)}", file)
    for part in listed(message.get("content")):
        file_id, shown = _shown(mapped(part))
        if shown is not None:
            files.setdefault(file_id or f"/{len(files)}", shown)
    return tuple(files.values())


def _shown(part: Stored) -> tuple[str, ForeignFile | None]:
    """The picture of a part of the content, and its id."""
    if part.get("type") == "image_url":
        inner = part.get("image_url")
        address = inner.get("url") if isinstance(inner, dict) else inner
        return "", of_url(address, kind=IMAGE)
    if part.get("type") == "image_file":
        inner = mapped(part.get("image_file"))
        name = file_name(inner.get("filename")) or file_name(inner.get("filepath"))
        file_id = as_text(inner.get("file_id") or "")
        return file_id, ForeignFile(IMAGE, name, reference=file_id)
    return "", None
