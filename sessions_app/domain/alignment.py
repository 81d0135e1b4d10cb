"""Which messages of a request a session has already, where a client sends the conversation along.

A model call is stateless, so clients of one send what was said before each time: all of it, the
newest part, or nothing. `align` finds where what they send meets what is stored. Only what is
new is stored then, and what the client no longer has in its history is to be superseded.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from sessions_app.domain.data import Message, Role
from sessions_app.domain.dialect import as_object, without_thoughts
from sessions_app.domain.drafts import MessageDraft

Key = tuple[str, str, str, str]
"""A message as it is compared: role, text, tool calls and the call it answers."""
Known = Key | tuple[str]
"""The same of a stored message; of one that was erased, the role alone."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """What is to be done: the request's messages from `old` on are new.

    Without new ones, `answers` is the seq of the stored message to be answered (again).
    `supersedes` are the seqs that the client's conversation goes on without.
    """

    old: int
    answers: int | None = None
    supersedes: Sequence[int] = ()


def key(message: Message | MessageDraft) -> Key:
    """What two copies of a message have in common.

    Ends of lines and the blanks before them differ between systems; white space around an
    assistant's text is lost in many clients, and so are its thoughts and a call's further members.
    """
    text = _with_plain_ends(message.content)
    if message.role is Role.ASSISTANT:
        text = without_thoughts(text)
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
    """A call's id, kind, and what of its function OpenAI's wire has; clients add to that."""
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

    `request` is without its leading instructions and ends with what is to be answered; `whole`
    says that `stored` begins where the session does. In this order:

    1. The whole history without its last reply: that is to be given anew.
    2. The longest beginning of the request that is the end of what is stored is old.
    3. A history that leaves the stored one at some place: what is stored behind that place is
       superseded, what the request has behind it is new.
    4. A history of which only the last reply is known, as it was shortened or rewritten, or
       nothing: what follows that reply, or the request's own last one, is new.

    A request without any reply in it is no history, and only 1 and 2 are tried.
    """
    current = [m for m in stored if m.superseded_by is None and not _is_nothing(m)]
    while whole and current and current[0].role is Role.SYSTEM:
        current = current[1:]
    asked = [key(message) for message in request]
    known = [(m.role.value,) if m.deleted else key(m) for m in current]
    lengths = _common(asked, known)
    if whole and 2 <= len(asked) < len(known) and lengths[0] == len(asked):
        behind = current[len(asked) :]
        if all(message.role in {Role.ASSISTANT, Role.TOOL} for message in behind):
            return _back_at(len(asked), len(asked), current)
    overlap = max((n for at, n in enumerate(lengths) if at + n == len(known)), default=0)
    told = any(role == Role.ASSISTANT.value for role, *_ in asked)
    if overlap or not known or not told:
        return Alignment(overlap, current[-1].seq if overlap == len(asked) else None)
    place, length = _parting(lengths, whole=whole)
    if length == len(asked):
        return _back_at(place + length, length, current)
    if length:
        dropped, rest = current[place + length :], len(asked) - length
        if _ends_alike(asked, known) >= rest:
            # It has been stored, and its turn has failed.
            return Alignment(len(asked), current[-1].seq, _seqs(dropped[: len(dropped) - rest]))
        return Alignment(length, None, _seqs(dropped))
    replied = max(at for at, (role, *_) in enumerate(asked) if role == Role.ASSISTANT.value) + 1
    if _ends_alike(asked, known) >= len(asked) - replied:
        return Alignment(len(asked), current[-1].seq)
    return Alignment(_unknown_from(asked, known, replied))


def _back_at(place: int, old: int, current: Sequence[Message]) -> Alignment:
    """Everything behind this place is to be answered anew."""
    return Alignment(old, current[place - 1].seq, _seqs(current[place:]))


def _seqs(messages: Sequence[Message]) -> tuple[int, ...]:
    return tuple(message.seq for message in messages)


def _parting(lengths: Sequence[int], *, whole: bool) -> tuple[int, int]:
    """The place from which most is common, and how much; nothing where that may be an accident."""
    at = max(range(len(lengths)), key=lambda place: (lengths[place], place))
    if whole and lengths[0] == lengths[at]:
        at = 0
    # Two messages in a row are no accident; nor is one where both begin.
    certain = lengths[at] >= 2 or (whole and at == 0)
    return (at, lengths[at]) if certain else (0, 0)


def _unknown_from(asked: Sequence[Key], known: Sequence[Known], replied: int) -> int:
    """Where what is new begins in a history that is another; tool results have their calls."""
    shared = [at for at in range(replied) if asked[at] == known[-1]]
    if shared and asked[shared[-1]][0] == Role.ASSISTANT.value:
        return shared[-1] + 1
    while replied and asked[replied][0] in {Role.ASSISTANT.value, Role.TOOL.value}:
        replied -= 1
    return replied


def _ends_alike(asked: Sequence[Key], known: Sequence[Known]) -> int:
    """How many messages at the end of both are the same."""
    pairs = zip(reversed(asked), reversed(known), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _common(asked: Sequence[Key], known: Sequence[Known]) -> list[int]:
    """How many messages from each place in `known` on are the beginning of `asked`."""
    if any(len(one) == 1 for one in known):
        return [_run(asked, known[at:]) for at in range(len(known))]
    # The Z algorithm: as many steps as there are messages, however much they repeat each other.
    text: list[Known | None] = [*asked, None, *known]
    found = [0] * len(text)
    left = right = 0
    for at in range(1, len(text)):
        length = min(right - at, found[at - left]) if at < right else 0
        while at + length < len(text) and text[length] == text[at + length] is not None:
            length += 1
        found[at] = length
        if at + length > right:
            left, right = at, at + length
    return found[len(asked) + 1 :]


def _run(asked: Sequence[Key], known: Sequence[Known]) -> int:
    """How many messages of both agree, one after the other.

    What was erased may have been any of its role: a client that has it still does not bring it
    back. Only the question at the request's end is surely another.
    """
    pairs = zip(asked[:-1], known, strict=False)
    length = sum(1 for _ in takewhile(lambda pair: pair[1] in {pair[0], pair[0][:1]}, pairs))
    if length == len(asked) - 1 and known[length : length + 1] == [asked[-1]]:
        length += 1
    return length if any(len(one) > 1 for one in known[:length]) else 0
