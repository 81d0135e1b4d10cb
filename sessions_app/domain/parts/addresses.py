"""What stands for bytes that are kept here in a request that is being planned.

`attachment:att_…?tokens=765`: the attachment, and what it is counted as. The bytes take its place
when the request is sent, so that a plan costs the same however large they are.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sessions_app.domain.parts import counting

SCHEME = "attachment:"
_TOKENS = "?tokens="


def address(part: Mapping[str, Any]) -> str:
    """What stands for the bytes of a part."""
    tokens = part.get("tokens", counting.FILE_TOKENS)
    return f"{SCHEME}{part['attachment_id']}{_TOKENS}{tokens}"


def is_address(value: Any) -> bool:
    """Whether this stands for bytes that are kept here."""
    return isinstance(value, str) and value.startswith(SCHEME)


def read_address(value: str) -> tuple[str, int]:
    """The attachment that an address stands for, and its tokens."""
    identifier, _, tokens = value.removeprefix(SCHEME).partition(_TOKENS)
    return identifier, int(tokens) if tokens.isdecimal() else counting.FILE_TOKENS


def ids_in(parts: Sequence[Mapping[str, Any]] | None) -> list[str]:
    """The attachments that a message's parts refer to, each once."""
    ids = (each.get("attachment_id") for each in parts or ())
    return list(dict.fromkeys(each for each in ids if isinstance(each, str)))
