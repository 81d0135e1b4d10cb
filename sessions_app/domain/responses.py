"""Responses of the OpenAI wire: a turn under another name, with the terms it was asked for on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from uuid import UUID

PREFIX = "resp_"
_DIGITS = 32
_NO_SESSION = "0" * _DIGITS


class ResponseName(NamedTuple):
    """The session and the turn that a response's id names.

    The id holds both, so that a response is found by the key that its record is stored under, and
    on a sharded cluster at one shard.
    """

    session_id: str
    turn_id: str

    def __str__(self) -> str:
        session = self.session_id.replace("-", "") or _NO_SESSION
        return f"{PREFIX}{session}{self.turn_id.removeprefix('turn_')}"


def response_name(response_id: str) -> ResponseName | None:
    """What an id names; None for what is no such id."""
    digits = response_id.removeprefix(PREFIX)
    is_hex = digits.isascii() and digits.isalnum() and digits == digits.lower()
    if not response_id.startswith(PREFIX) or len(digits) != 2 * _DIGITS or not is_hex:
        return None
    try:
        session_id = str(UUID(digits[:_DIGITS]))
    except ValueError:
        return None
    return ResponseName(session_id, f"turn_{digits[_DIGITS:]}")


@dataclass(frozen=True, slots=True)
class ResponseTerms:
    """What a turn's record keeps of the response that was asked for.

    `parameters` are those of the request that the answer repeats. `first_seq` is the first message
    of its input. `in_conversation` says that the request named its session, whose messages stay
    when the response is deleted. `previous` is the id that it continues.
    """

    parameters: Mapping[str, Any] = field(default_factory=dict)
    first_seq: int = 0
    in_conversation: bool = False
    background: bool = False
    previous: str | None = None
