"""Which messages of a request a session has already, where a client sends the history along.

A model call is stateless, so its clients send the history with each call: all of it, the newest
part, or nothing. `align` finds where the sent history meets the stored one. Only new messages are
stored then, and stored ones that the client no longer has in its history are superseded.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sessions_app.domain import parts
from sessions_app.domain.data import Message, Role
from sessions_app.domain.dialect import as_object, without_thoughts
from sessions_app.domain.drafts import MessageDraft

Key = tuple[str, str, str, str]
"""A message as it is compared: role, text with attachments, tool calls, the call it answers."""
StoredKey = Key | tuple[str]
"""The same of a stored message; of an erased one, the role alone."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """The result: the request's messages from `old` on are new.

    Without new ones, `answers` is the seq of the stored message to answer, or to answer again.
    `supersedes` are the seqs that are not in the client's history any more.
    """

    old: int
    answers: int | None = None
    supersedes: Sequence[int] = ()


def key(message: Message | MessageDraft) -> Key:
    """What two copies of a message have in common.

    Ends of lines and the blanks before them differ between systems; white space around an
    assistant's text is lost in many clients, and so are its thoughts and a call's further members.
    """
    # Lines that stand for pictures say what this service knows of them, and clients do not.
    said = message.content if not message.parts else parts.said(message.parts)
    text = _with_plain_ends(said)
    if message.role is Role.ASSISTANT:
        text = without_thoughts(text)
    if attached := parts.signature(message.parts):
        # No text has this character.
        text = f"{text}\0{attached}"
    calls = [_call(call) for call in message.tool_calls or ()]
    return message.role.value, text, json.dumps(calls) if calls else "", message.tool_call_id or ""


def _with_plain_ends(text: str) -> str:
    if "\n" in text or "\r" in text:
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        text = "\n".join(map(str.rstrip, lines))
    return text.rstrip()


def _is_nothing(message: Message) -> bool:
    """An empty reply, which clients do not send along."""
    is_empty = not message.content.strip() and not message.tool_calls
    return message.role is Role.ASSISTANT and is_empty and not message.deleted


def _call(call: Mapping[str, Any]) -> list[Any]:
    """A call's id, its kind, and those members of its function that OpenAI's wire has."""
    kind = call.get("type")
    inner = call.get(kind) if isinstance(kind, str) else None
    if not isinstance(inner, Mapping):
        return [call.get("id"), kind]
    if kind == "function":
        return [call.get("id"), inner.get("name"), _arguments(inner.get("arguments"))]
    return [call.get("id"), kind, json.dumps(inner, sort_keys=True)]


def _arguments(text: Any) -> str:
    """The object that arguments mean, however a client has written it again: `""` for `{}`, `1` for
    `1.0`; what means none as it is."""
    try:
        value = _DECODER.decode(text)
    except (TypeError, ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        meant = as_object(text)
        if meant.quoted is not None:
            return str(text)
        value = _DECODER.decode(meant.text)
    return json.dumps(value, sort_keys=True)


def _number(digits: str) -> float | int:
    value = float(digits)
    return int(value) if value.is_integer() else value


# One for all: making one takes longer than reading a call's arguments.
_DECODER = json.JSONDecoder(parse_float=_number)


def align(request: Sequence[MessageDraft], stored: Sequence[Message], *, whole: bool) -> Alignment:
    """Where the request meets the newest messages of the session, oldest first.

    `request` is without its leading instructions and ends with the message to be answered; `whole`
    says that `stored` begins where the session does. The first of these that applies:

    1. The request is the whole history without its last reply: that reply is generated again.
    2. The request begins with the end of what is stored: the longest such beginning is old.
    3. The request leaves the stored history at some message: what is stored after that message is
       superseded, what the request has after it is new.
    4. The request is another history, shortened or rewritten: what follows the last stored reply
       in it is new, or else what follows the request's own last reply.

    A request without any reply in it is no history, and only 1 and 2 are tried.
    """
    current = [m for m in stored if m.superseded_by is None and not _is_nothing(m)]
    # Instructions come with each request and are not part of its history.
    while whole and current and current[0].role is Role.SYSTEM:
        current = current[1:]
    sent_keys = [key(message) for message in request]
    stored_keys = [(m.role.value,) if m.deleted else key(m) for m in current]
    lengths = _common_lengths(sent_keys, stored_keys)
    if whole and 2 <= len(sent_keys) < len(stored_keys) and lengths[0] == len(sent_keys):
        later = current[len(sent_keys) :]
        if all(message.role in {Role.ASSISTANT, Role.TOOL} for message in later):
            return _answer_again(len(sent_keys), len(sent_keys), current)
    overlap = max((n for at, n in enumerate(lengths) if at + n == len(stored_keys)), default=0)
    has_reply = any(role == Role.ASSISTANT.value for role, *_ in sent_keys)
    if overlap or not stored_keys or not has_reply:
        return Alignment(overlap, current[-1].seq if overlap == len(sent_keys) else None)
    position, length = _parting(lengths, whole=whole)
    if length == len(sent_keys):
        return _answer_again(position + length, length, current)
    if length:
        dropped, new = current[position + length :], len(sent_keys) - length
        if _common_end(sent_keys, stored_keys) >= new:
            # An earlier attempt stored the new messages, and its turn failed.
            return Alignment(len(sent_keys), current[-1].seq, _seqs(dropped[: len(dropped) - new]))
        return Alignment(length, None, _seqs(dropped))
    last_reply = max(at for at, (role, *_) in enumerate(sent_keys) if role == Role.ASSISTANT.value)
    if _common_end(sent_keys, stored_keys) > len(sent_keys) - 2 - last_reply:
        return Alignment(len(sent_keys), current[-1].seq)
    return Alignment(_first_new(sent_keys, stored_keys, last_reply + 1))


def _answer_again(position: int, old: int, current: Sequence[Message]) -> Alignment:
    """The message before `position` is answered again; everything from there on is superseded."""
    return Alignment(old, current[position - 1].seq, _seqs(current[position:]))


def _seqs(messages: Sequence[Message]) -> tuple[int, ...]:
    return tuple(message.seq for message in messages)


def _parting(lengths: Sequence[int], *, whole: bool) -> tuple[int, int]:
    """The position from which most is common, and how much; (0, 0) where that may be chance."""
    position = max(range(len(lengths)), key=lambda at: (lengths[at], at))
    if whole and lengths[0] == lengths[position]:
        position = 0
    # Two equal messages in a row are not chance; nor is one where both histories begin.
    certain = lengths[position] >= 2 or (whole and position == 0)
    return (position, lengths[position]) if certain else (0, 0)


def _first_new(sent_keys: Sequence[Key], stored_keys: Sequence[StoredKey], end: int) -> int:
    """The first new message of another history. Tool results are kept with their calls."""
    shared = [at for at in range(end) if sent_keys[at] == stored_keys[-1]]
    if shared and sent_keys[shared[-1]][0] == Role.ASSISTANT.value:
        return shared[-1] + 1
    while end and sent_keys[end][0] in {Role.ASSISTANT.value, Role.TOOL.value}:
        end -= 1
    return end


def _common_end(sent_keys: Sequence[Key], stored_keys: Sequence[StoredKey]) -> int:
    """How many messages at the end of both are the same."""
    pairs = zip(reversed(sent_keys), reversed(stored_keys), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _common_lengths(sent_keys: Sequence[Key], stored_keys: Sequence[StoredKey]) -> list[int]:
    """For each position in `stored_keys`, how many keys from there on `sent_keys` begins with."""
    if any(len(stored_key) == 1 for stored_key in stored_keys):
        return [_common_run(sent_keys, stored_keys[at:]) for at in range(len(stored_keys))]
    # The Z algorithm takes as many steps as there are messages, however repetitive they are.
    text: list[StoredKey | None] = [*sent_keys, None, *stored_keys]
    lengths = [0] * len(text)
    left = right = 0
    for at in range(1, len(text)):
        length = min(right - at, lengths[at - left]) if at < right else 0
        while at + length < len(text) and text[length] == text[at + length] is not None:
            length += 1
        lengths[at] = length
        if at + length > right:
            left, right = at, at + length
    return lengths[len(sent_keys) + 1 :]


def _common_run(sent_keys: Sequence[Key], stored_keys: Sequence[StoredKey]) -> int:
    """How many messages both begin with, where some of the stored ones were erased.

    An erased message equals any of its role: a client that still has it does not bring it back.
    Only the request's last message, the question, is certainly another one.
    """
    pairs = zip(sent_keys[:-1], stored_keys, strict=False)
    length = sum(1 for _ in takewhile(lambda pair: pair[1] in {pair[0], pair[0][:1]}, pairs))
    if length == len(sent_keys) - 1 and stored_keys[length : length + 1] == [sent_keys[-1]]:
        length += 1
    # A run of erased messages alone could be any.
    return length if any(len(stored_key) > 1 for stored_key in stored_keys[:length]) else 0
