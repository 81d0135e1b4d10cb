"""Claude.ai's data export: `conversations.json`, a list of messages for each conversation.

Anthropic documents no format. This follows what programs that read the export agree on
(docs/import-export.md): `chat_messages` with a `sender`, a `text`, and `content` in blocks.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.foreign.blocks import read_blocks
from sessions_app.domain.foreign.files import ForeignFile, file_name, kind_of
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
from sessions_app.domain.parts import FILE, IMAGE

SOURCE = "claude"
_ROLES = {"human": Role.USER, "user": Role.USER, "assistant": Role.ASSISTANT}
# What the model thought, and notes of the page that nobody said.
_UNSAID = frozenset({"thinking", "redacted_thinking", "token_budget", "flag"})
Stored = Mapping[str, Any]


def recognises(value: Any) -> bool:
    """Whether a value is a conversation of the export."""
    return isinstance(value, dict) and isinstance(value.get("chat_messages"), list)


def read_conversation(value: Stored, end: str | None = None) -> Conversation:
    """Read the branch that was shown last, or the one that ends at `end`."""
    conversation = Conversation(
        SOURCE,
        identity(value.get("uuid")),
        title=text_or_none(value.get("name")) or "",
        created_at=text_time(value.get("created_at")),
        updated_at=text_time(value.get("updated_at")),
    )
    messages = [each for each in listed(value.get("chat_messages")) if isinstance(each, dict)]
    if strange := len(listed(value.get("chat_messages"))) - len(messages):
        conversation.left["what is no message"] += strange
    branch = _branch(messages, end or value.get("current_leaf_message_uuid"), conversation)
    if len(branch) < len(messages):
        conversation.left[OTHER_BRANCH] += len(messages) - len(branch)
    model = text_or_none(value.get("model"))
    for message in branch:
        conversation.messages.extend(_read(message, model, conversation))
    return conversation


def _branch(messages: Sequence[Stored], end: Any, conversation: Conversation) -> Sequence[Stored]:
    """The messages from the root to `end`, or to the newest; all where none has a parent."""
    named = {each["uuid"]: each for each in messages if text_or_none(each.get("uuid"))}

    def parent_of(name: str) -> object:
        return named[name].get("parent_message_uuid")

    if not any(isinstance(p := parent_of(name), str) and p in named for name in named):
        return messages
    if not isinstance(end, str) or end not in named:
        end = max(enumerate(named), key=lambda each: (_time_text(named[each[1]]), each[0]))[1]
    branch = branch_to(end, named, parent_of)
    conversation.other_ends = other_ends(named, parent_of, branch)
    return [named[name] for name in branch]


def _time_text(message: Stored) -> str:
    return str(text_time(message.get("created_at")) or "")


def _read(
    message: Stored, model: str | None, conversation: Conversation
) -> Iterator[ForeignMessage]:
    role = _ROLES.get(as_text(message.get("sender")))
    if role is None:
        conversation.left[f"sender: {as_text(message.get('sender'))}"] += 1
        return
    at = text_time(message.get("created_at"))
    files = tuple(_files(message))
    blocks = [each for each in listed(message.get("content")) if each is not None]
    if not blocks:
        text = text_or_none(message.get("text")) or ""
        yield ForeignMessage(role, text, at, model=_model(role, model), files=files)
        return
    reader = _Blocks(role, at, _model(role, model), files, conversation)
    for block in blocks:
        yield from reader.take(block)
    yield from reader.rest()


def _model(role: Role, model: str | None) -> str | None:
    return model if role is Role.ASSISTANT else None


class _Blocks:
    """The messages that one becomes: its text up to a call, the call, its result, what follows."""

    def __init__(
        self,
        role: Role,
        at: datetime | None,
        model: str | None,
        files: tuple[ForeignFile, ...],
        conversation: Conversation,
    ) -> None:
        self._role, self._at, self._model = role, at, model
        self._files = list(files)
        self._texts: list[str] = []
        self._left = conversation.left

    def take(self, block: Any) -> Iterator[ForeignMessage]:
        kind = as_text(block.get("type")) if isinstance(block, dict) else ""
        at = self._at
        if kind == "tool_use" and self._role is Role.ASSISTANT:
            call = tool_call(block.get("id"), block.get("name"), block.get("input"))
            yield self._said((call,))
        elif kind == "tool_result":
            yield from self._said_before()
            text, files = read_blocks(block.get("content"), self._left)
            name, call_id = (text_or_none(block.get(key)) for key in ("name", "tool_use_id"))
            yield ForeignMessage(Role.TOOL, text, at, name=name, tool_call_id=call_id, files=files)
        elif kind in _UNSAID:
            self._left[f"hidden: {kind}"] += 1
        else:
            self._take_text(block)

    def _take_text(self, block: Any) -> None:
        text, files = read_blocks([block], self._left)
        self._texts += [text] if text else []
        self._files += files
        # They say where the text came from, and no sign in it leads to them.
        cited = listed(mapped(block).get("citations"))
        if cited:
            self._left["citations"] += len(cited)

    def _said(self, calls: tuple[Mapping[str, Any], ...] = ()) -> ForeignMessage:
        text, files = "\n".join(self._texts), tuple(self._files)
        self._texts, self._files = [], []
        return ForeignMessage(
            self._role, text, self._at, tool_calls=calls, model=self._model, files=files
        )

    def _said_before(self) -> Iterator[ForeignMessage]:
        if self._texts or self._files:
            yield self._said()

    def rest(self) -> Iterator[ForeignMessage]:
        yield from self._said_before()


def _files(message: Stored) -> Iterator[ForeignFile]:
    """What was attached: as text that is in the export, or by name alone."""
    for stored in listed(message.get("attachments")):
        described = mapped(stored)
        name = file_name(described.get("file_name")) or "attachment"
        text = described.get("extracted_content")
        if isinstance(text, str) and text:
            # The text that was read in a file is not that file.
            named = name if name.lower().endswith((".txt", ".md", ".csv")) else f"{name}.txt"
            content = text.encode("utf-8", "replace")
            yield ForeignFile(FILE, named, "text/plain", content=content)
        else:
            media_type = text_or_none(described.get("file_type")) or ""
            yield ForeignFile(kind_of(media_type), name, media_type)
    known: set[str] = set()
    for stored in (*listed(message.get("files")), *listed(message.get("files_v2"))):
        described = mapped(stored)
        name = file_name(described.get("file_name"))
        reference = text_or_none(described.get("file_uuid")) or ""
        if (key := reference or name) and key not in known:
            known.add(key)
            kind = IMAGE if described.get("file_kind") == "image" else FILE
            yield ForeignFile(kind, name, reference=reference)
