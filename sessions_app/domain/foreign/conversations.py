"""The shape that every program's conversations are read into, and the records made from it."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sessions_app.domain import limits
from sessions_app.domain.data import Role
from sessions_app.domain.lifecycle import to_milliseconds
from sessions_app.domain.records.writing import Record
from sessions_app.domain.texts.text import storable

# The highest MESSAGE_MAX_CHARS that an operator can set: no installation stores a longer message.
LONGEST_CHARS = 1_000_000

ToolCall = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ForeignMessage:
    """A message; `at` is None where the source has no time for it."""

    role: Role
    content: str = ""
    at: datetime | None = None
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    model: str | None = None


@dataclass(slots=True)
class Conversation:
    """A conversation. `left` counts, by name, what could not be imported."""

    source: str
    source_id: str
    messages: list[ForeignMessage] = field(default_factory=list)
    left: Counter[str] = field(default_factory=Counter)
    owner: str | None = None
    title: str = ""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    archived: bool = False


def tool_call(call_id: str, name: str, arguments: str) -> ToolCall:
    """A tool call in the shape of OpenAI's chat completions."""
    function = {"name": storable(name), "arguments": storable(arguments)}
    return {"id": short_id(call_id), "type": "function", "function": function}


def short_id(text: str) -> str:
    """`text` where it fits an id, else a hash of it: the same for the same text."""
    clean = storable(text)
    if 0 < len(clean) <= limits.TOOL_CALL_ID_MAX_CHARS:
        return clean
    return f"call_{_digest(text).hex()[:32]}"


def as_text(value: Any) -> str:
    """Text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def seconds_time(value: Any) -> datetime | None:
    """The time of a Unix timestamp in seconds; None for any other value."""
    # A bool is an int in Python, but not a time.
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return to_milliseconds(datetime.fromtimestamp(value, UTC))
    # Damaged exports have times that no datetime can hold.
    except (ValueError, OverflowError, OSError):
        return None


def text_time(value: Any) -> datetime | None:
    """The time of ISO 8601 text, in UTC where it names no offset; None for any other value."""
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return to_milliseconds(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
    except (ValueError, OverflowError):
        return None


def plain(value: Any) -> Any:
    """Turn MongoDB's extended JSON, as `mongoexport` writes it, into plain values; ids to text."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if not isinstance(value, dict):
        return value
    match value:
        case {"$oid": str(text), **rest} if not rest:
            return text
        case {"$date": moment, **rest} if not rest:
            inner = plain(moment)
            return text_time(inner) or seconds_time(
                inner / 1_000 if isinstance(inner, int | float) else None
            )
        case {"$numberLong": text, **rest} | {"$numberInt": text, **rest} if not rest:
            return int(text)
        case {"$numberDouble": text, **rest} if not rest:
            return float(text)
    return {name: plain(each) for name, each in value.items()}


def object_id_time(text: Any) -> datetime | None:
    """The time in a MongoDB ObjectId of 24 hexadecimal digits; None for any other value."""
    if not isinstance(text, str) or len(text) != 24:
        return None
    try:
        return seconds_time(int(text[:8], 16))
    except ValueError:
        return None


def records(
    conversation: Conversation,
    *,
    user_id: str,
    policy: Mapping[str, Any],
    expires_at: datetime | None,
    now: datetime,
) -> Iterator[Record]:
    """The record of the session, then those of its messages; nothing where it has none.

    Ids are hashes of the source, the owner and the source's id: importing a conversation again
    gives the same session. `now` replaces times that the source does not have.
    """
    messages = list(_storable_messages(conversation))
    if not messages:
        conversation.left["conversation without messages"] += 1
        return
    times = _times(conversation, messages, now)
    identity = (conversation.source, user_id, conversation.source_id)
    session_id = deterministic_session_id(identity, conversation.created_at or messages[0].at)
    updated_at = conversation.updated_at or max(times)
    yield {
        "type": "session",
        "session_id": session_id,
        "user_id": user_id,
        "status": "archived" if conversation.archived else "active",
        "title": _title(conversation),
        "metadata": _origin(conversation),
        "context_policy": policy,
        "context_start": 1,
        "version": 1,
        "created_at": conversation.created_at or times[0],
        "updated_at": updated_at,
        # The source does not say when it was archived: its last activity is the nearest time.
        **({"archived_at": updated_at} if conversation.archived else {}),
        **({"expires_at": expires_at} if expires_at and not conversation.archived else {}),
    }
    for seq, (message, at) in enumerate(zip(messages, times, strict=True), 1):
        yield {
            "type": "message",
            "session_id": session_id,
            "seq": seq,
            "id": f"msg_{_digest(session_id, str(seq)).hex()[:32]}",
            "role": message.role.value,
            "content": message.content,
            "timestamp": at,
            **_optional(message),
        }


def _storable_messages(conversation: Conversation) -> Iterable[ForeignMessage]:
    for message in conversation.messages:
        content = storable(message.content)
        if content != message.content:
            conversation.left["control characters, in so many messages"] += 1
        # Calls are stored with the message and count toward its size.
        calls_chars = len(json.dumps(message.tool_calls)) if message.tool_calls else 0
        if max(len(content), calls_chars) > LONGEST_CHARS:
            conversation.left[f"message over {LONGEST_CHARS:,} characters"] += 1
        # A tool may return nothing, and its call needs the result.
        elif not content and not message.tool_calls and message.role is not Role.TOOL:
            conversation.left["empty message"] += 1
        else:
            yield ForeignMessage(
                message.role,
                content,
                message.at,
                message.name,
                message.tool_calls,
                message.tool_call_id,
                message.model,
            )


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
        "tool_call_id": short_id(message.tool_call_id) if message.tool_call_id else None,
        "metadata": {"model": _short(message.model)} if message.model else None,
    }
    return {name: value for name, value in fields.items() if value}


def _title(conversation: Conversation) -> str:
    title = storable(conversation.title)
    if len(title) > limits.TITLE_MAX_CHARS:
        conversation.left["end of a long title"] += 1
    return title[: limits.TITLE_MAX_CHARS]


def _origin(conversation: Conversation) -> dict[str, str]:
    return {"source": conversation.source, "source_id": _short(conversation.source_id)}


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


def _digest(*parts: str) -> bytes:
    # JSON marks where a part ends: ("ab", "c") and ("a", "bc") have different hashes.
    joined = json.dumps(parts).encode()
    return hashlib.sha256(joined).digest()
