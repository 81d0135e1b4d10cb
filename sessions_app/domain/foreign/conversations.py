"""The records of this service's exports, made of conversations of other programs."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sessions_app.domain import limits, parts
from sessions_app.domain.data import Role
from sessions_app.domain.foreign import calls, citations
from sessions_app.domain.foreign.extended_json import object_id_time, plain
from sessions_app.domain.foreign.files import Attach, ForeignFile, Unattached
from sessions_app.domain.foreign.shapes import (
    Conversation,
    ForeignMessage,
    ToolCall,
    as_text,
    tool_call,
)
from sessions_app.domain.foreign.times import epoch_time, seconds_time, text_time
from sessions_app.domain.parts import Part
from sessions_app.domain.records.writing import Record
from sessions_app.domain.sessions.lifecycle import to_milliseconds
from sessions_app.domain.texts.text import storable

__all__ = [
    "Conversation",
    "ForeignMessage",
    "ToolCall",
    "as_text",
    "content_id",
    "deterministic_session_id",
    "epoch_time",
    "object_id_time",
    "plain",
    "records",
    "seconds_time",
    "text_time",
    "tool_call",
]

# The highest MESSAGE_MAX_CHARS that an operator can set: no installation stores a longer message.
LONGEST_CHARS = 1_000_000


def _not_kept(file: ForeignFile) -> Part:
    raise Unattached("is not in the file")


def records(
    conversation: Conversation,
    *,
    user_id: str,
    policy: Mapping[str, Any],
    expires_at: datetime | None,
    now: datetime,
    attach: Attach = _not_kept,
) -> Iterator[Record]:
    """The record of the session, then those of its messages; nothing where it has none.

    Ids are hashes of the source, the owner and the source's id: importing a conversation again
    gives the same session. `now` replaces times that the source does not have. `attach` keeps
    pictures and files; a message says in words which of them it could not keep.
    """
    messages = list(_storable_messages(conversation, attach))
    if not messages:
        conversation.left["conversation without messages"] += 1
        return
    times = _times(conversation, [message for message, _ in messages], now)
    source_id = conversation.source_id or content_id(conversation)
    identity = (conversation.source, user_id, source_id)
    session_id = deterministic_session_id(identity, conversation.created_at or messages[0][0].at)
    updated_at = conversation.updated_at or max(times)
    yield {
        "type": "session",
        "session_id": session_id,
        "user_id": user_id,
        "status": "archived" if conversation.archived else "active",
        "title": _title(conversation),
        "metadata": {"source": conversation.source, "source_id": _short(source_id)},
        "context_policy": policy,
        "context_start": 1,
        "version": 1,
        "created_at": conversation.created_at or times[0],
        "updated_at": updated_at,
        # The source does not say when it was archived: its last activity is the nearest time.
        **({"archived_at": updated_at} if conversation.archived else {}),
        **({"expires_at": expires_at} if expires_at and not conversation.archived else {}),
    }
    for seq, ((message, attached), at) in enumerate(zip(messages, times, strict=True), 1):
        yield {
            "type": "message",
            "session_id": session_id,
            "seq": seq,
            "id": f"msg_{_message_digest(session_id, seq)[:32]}",
            "role": message.role.value,
            "content": message.content,
            "timestamp": at,
            **_optional(message),
            **({"parts": attached} if attached else {}),
        }


def content_id(conversation: Conversation) -> str:
    """An id for a conversation that has none: the same for the same messages."""
    said = [
        [m.role.value, m.content, m.name or "", as_text(list(m.tool_calls)), str(m.at)]
        for m in conversation.messages
    ]
    return f"content-{_digest(conversation.title, as_text(said)).hex()[:32]}"


Storable = tuple[ForeignMessage, list[Part]]


def _storable_messages(conversation: Conversation, attach: Attach) -> Iterator[Storable]:
    """The messages that can be stored, each with its parts where it has pictures or files."""
    left = conversation.left
    for message in calls.arranged(conversation.messages, conversation.changed):
        content = storable(message.content)
        if content != message.content:
            left["control characters, in so many messages"] += 1
        attached, missing = _attached(message, attach, left) if message.files else ([], [])
        content = "\n".join(filter(None, (content, *missing)))
        # Calls are stored with the message and count toward its size.
        calls_chars = len(json.dumps(message.tool_calls)) if message.tool_calls else 0
        if max(len(content), calls_chars) > LONGEST_CHARS:
            left[f"message over {LONGEST_CHARS:,} characters"] += 1
            continue
        if attached:
            texts: list[Part] = [{"type": parts.TEXT, "text": content}] if content else []
            attached = [*texts, *attached]
            content = content or parts.text_of(attached)
        # A tool may return nothing, and its call needs the result.
        if not content and not message.tool_calls and message.role is not Role.TOOL:
            left["empty message"] += 1
        else:
            # Made anew only where it differs: almost none do.
            same = content == message.content
            yield message if same else replace(message, content=content), attached


def _attached(
    message: ForeignMessage, attach: Attach, left: Counter[str]
) -> tuple[list[Part], list[str]]:
    """The parts of a message's files, and words for those that cannot come along."""
    attached: list[Part] = []
    missing: list[str] = []
    for number, file in enumerate(message.files):
        try:
            if number >= limits.PARTS_MAX - 1:
                raise Unattached("is beyond what a message may have")
            attached.append(attach(file))
        except Unattached as error:
            left[f"{file.kind} that {error}"] += 1
            if not file.transcribed:
                missing.append(storable(file.in_words))
    return attached, missing


def _times(
    conversation: Conversation, messages: list[ForeignMessage], now: datetime
) -> list[datetime]:
    """A time for each message: its own, else that of the message before it."""
    times: list[datetime] = []
    last = conversation.created_at or next((m.at for m in messages if m.at), to_milliseconds(now))
    for message in messages:
        last = message.at or last
        times.append(last)
    return times


def _optional(message: ForeignMessage) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "name": storable(message.name or "")[: limits.NAME_MAX_CHARS],
        "tool_calls": list(message.tool_calls),
        "tool_call_id": message.tool_call_id,
        "metadata": {"model": _short(message.model)} if message.model else None,
    }
    return {name: value for name, value in fields.items() if value}


def _title(conversation: Conversation) -> str:
    title = storable(conversation.title)
    if citations.has_markers(title):
        title = citations.resolved(title, {}, changed=conversation.changed, left=conversation.left)
    if len(title) > limits.TITLE_MAX_CHARS:
        conversation.left["end of a long title"] += 1
    return title[: limits.TITLE_MAX_CHARS]


def _short(text: str) -> str:
    return storable(text)[: limits.METADATA_VALUE_MAX_CHARS]


def deterministic_session_id(identity: tuple[str, ...], at: datetime | None) -> str:
    """A UUIDv7 (RFC 9562, 5.7) with the conversation's time and a hash in place of random bits.

    Version 7 rather than 8, so that imported sessions sort by time among the others.
    """
    milliseconds = max(0, round(at.timestamp() * 1_000)) if at else 0
    bits = int.from_bytes(_digest(*identity)[:10], "big")
    value = (milliseconds & (2**48 - 1)) << 80 | bits
    # The version, and below it the variant (RFC 9562, 4).
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    digits = f"{value:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


def _digest(*texts: str) -> bytes:
    # JSON marks where a part ends: ("ab", "c") and ("a", "bc") have different hashes.
    joined = json.dumps(texts).encode()
    return hashlib.sha256(joined).digest()


def _message_digest(session_id: str, seq: int) -> str:
    """The digest of both, in hexadecimal digits; nothing in them has to be escaped."""
    return hashlib.sha256(f'["{session_id}", "{seq}"]'.encode()).hexdigest()
