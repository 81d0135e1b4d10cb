"""LangGraph's MongoDB checkpointer: of each thread the messages of its newest checkpoint.

A document is `{thread_id, checkpoint_ns, checkpoint_id, type, checkpoint}`, where `checkpoint` was
written by LangGraph's serializer (langgraph-checkpoint-mongodb 0.5 `saver.py`, langgraph-checkpoint
4.3 `serde/jsonplus.py`). Checkpoint ids are UUIDs of version 6, which have the time in them.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign.langchain import MessageReader
from sessions_app.domain.foreign.shapes import (
    Conversation,
    ForeignMessage,
    as_text,
    listed,
    mapped,
    text_or_none,
)
from sessions_app.domain.foreign.times import text_time
from sessions_app.domain.sessions.lifecycle import to_milliseconds

SOURCE = "langgraph"
THREAD_KEY = "thread_id"
_CHANNEL = "messages"
_PLAIN_ROLES = {role.value: role for role in Role} | {
    "human": Role.USER, "ai": Role.ASSISTANT, "developer": Role.SYSTEM,
}  # fmt: skip
_GREGORIAN = datetime(1582, 10, 15, tzinfo=UTC)
Stored = Mapping[str, Any]


def recognises_document(value: Any) -> bool:
    """Whether a value is a document of the collection of checkpoints."""
    return isinstance(value, dict) and {THREAD_KEY, "checkpoint_id", "checkpoint"} <= value.keys()


def is_of_thread(document: Stored) -> bool:
    """Whether a checkpoint is of a thread itself, not of a graph inside its graph."""
    return not document.get("checkpoint_ns")


def newest(documents: Iterable[Stored]) -> tuple[Stored | None, str, int]:
    """The newest checkpoint of a thread, the id of its oldest, and how many are of inner graphs."""
    chosen: Stored | None = None
    oldest, inner = "", 0
    for document in documents:
        if not is_of_thread(document):
            inner += 1
            continue
        name = as_text(document.get("checkpoint_id"))
        oldest = min(oldest, name) if oldest else name
        if chosen is None or name > as_text(chosen.get("checkpoint_id")):
            chosen = document
    return chosen, oldest, inner


def from_checkpoint(thread_id: str, checkpoint: Any, *, oldest: str) -> Conversation:
    """Read the messages of a checkpoint that has been unpacked; raises InvalidInput."""
    values = mapped(mapped(checkpoint).get("channel_values"))
    conversation = Conversation(
        SOURCE,
        thread_id,
        created_at=checkpoint_time(oldest),
        updated_at=text_time(mapped(checkpoint).get("ts")),
    )
    messages = values.get(_CHANNEL)
    if not isinstance(messages, list):
        lists = [value for value in values.values() if _are_messages(value)]
        if len(lists) > 1:
            raise InvalidInput(f"thread {thread_id}: its messages are in several channels")
        messages = lists[0] if lists else []
    reader = MessageReader(conversation)
    for message in messages:
        _take(message, reader, conversation)
    return conversation


def _are_messages(value: Any) -> bool:
    return bool(listed(value)) and all(_fields(each)[1] for each in value)


def _take(message: Any, reader: MessageReader, conversation: Conversation) -> None:
    data, kind = _fields(message)
    if kind:
        reader.take(data, kind, None)
        return
    role, content = _pair(message)
    if role is None:
        conversation.left["what is no message"] += 1
    else:
        conversation.messages.append(ForeignMessage(role, as_text(content or "")))


def _fields(message: Any) -> tuple[Stored, str]:
    """The fields and the type of a message of LangChain's; "" for another value.

    Before 2025 a checkpoint was JSON, in which objects are `{"lc", "type", "id", "kwargs"}`.
    """
    stored = mapped(message)
    if "lc" in stored and isinstance(stored.get("kwargs"), dict):
        names = listed(stored.get("id"))
        fields = stored["kwargs"]
        return fields, text_or_none(fields.get("type")) or as_text(names[-1] if names else "")
    if isinstance(stored.get("data"), dict) and text_or_none(stored.get("type")):
        return stored["data"], stored["type"]
    if "content" in stored and (kind := text_or_none(stored.get("type"))):
        return stored, kind
    return {}, ""


def _pair(message: Any) -> tuple[Role | None, Any]:
    """A message in the short forms that a graph's state may have."""
    if isinstance(message, dict):
        return _PLAIN_ROLES.get(as_text(message.get("role"))), message.get("content")
    if isinstance(message, list | tuple) and len(message) == 2:
        return _PLAIN_ROLES.get(as_text(message[0])), message[1]
    return None, None


def checkpoint_time(checkpoint_id: str) -> datetime | None:
    """The time in a checkpoint's id; None where it has none."""
    try:
        value = uuid.UUID(checkpoint_id)
        if value.version != 6:
            return None
        # RFC 9562, 5.6: 60 bits of 100 ns since 1582, the version between the last 12 and the rest.
        ticks = (value.int >> 80) << 12 | (value.int >> 64) & 0xFFF
        return to_milliseconds(_GREGORIAN + timedelta(microseconds=ticks / 10))
    except (ValueError, OverflowError):
        return None
