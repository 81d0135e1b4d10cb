"""Which text and which JSON values can be stored and returned unchanged."""

import math
import re
import unicodedata
from typing import Any

from sessions_app.domain.limits import JSON_MAX_DEPTH

# C0 and C1 controls and DEL but for tab, newline and carriage return; and lone surrogates, which
# no UTF-8 can carry (RFC 8259, 8.2).
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_UNESCAPED = re.compile(rb"\x7f|\xc2[\x80-\x9f]")
_LONE = re.compile("[\ud800-\udfff]")

_INT64 = 2**63


def is_text(value: str) -> bool:
    """Whether `value` may be stored: no control characters, no lone surrogates."""
    return _UNSTORABLE.search(value) is None


def is_storable(value: str) -> bool:
    """Whether `value` can be stored at all: no lone surrogates, which no UTF-8 can carry."""
    return _LONE.search(value) is None


def inert(value: str) -> str:
    """`value` with its control characters as signs that can be seen and do nothing."""
    return _CONTROLS.sub(lambda match: _sign(ord(match[0])), value)


def _sign(code: int) -> str:
    """A control picture (U+2400 to U+2421); there are none of C1."""
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else f"\\x{code:02x}"


def escaped(written: bytes) -> bytes:
    """JSON in UTF-8 with DEL and the C1 controls as escapes: JSON itself escapes only C0."""
    return _UNESCAPED.sub(lambda match: b"\\u%04x" % ord(match[0].decode()), written)


def storable(value: str) -> str:
    """`value` without the characters that may not be stored: for text from models, not clients."""
    return _UNSTORABLE.sub("", value)


def is_visible(value: str) -> bool:
    """Whether `value` shows anything: it has more than spaces and formatting characters."""
    return any(unicodedata.category(character)[0] not in "ZC" for character in value)


def json_problem(value: Any, *, raw: bool = False) -> str | None:
    """Why a client's JSON value cannot be stored and returned unchanged; None when it can.

    With `raw`, its texts may have control characters. Level by level, and the texts of a level
    together: an import asks this of every record.
    """
    unstorable = _LONE if raw else _UNSTORABLE
    level: list[Any] = [value]
    for _ in range(JSON_MAX_DEPTH + 1):
        texts: list[str] = []
        below: list[Any] = []
        for each in level:
            if isinstance(each, str):
                texts.append(each)
            elif isinstance(each, dict):
                below += each
                below += each.values()
            elif isinstance(each, list | tuple):
                below += each
            elif problem := _number_problem(each):
                return problem
        if texts and unstorable.search("".join(texts)):
            return "Control characters and lone surrogates are not allowed."
        if not below:
            return None
        level = below
    return f"Nested deeper than {JSON_MAX_DEPTH} levels."


def _number_problem(value: Any) -> str | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        # Compared rather than looked for: a range is walked through for a subclass of int.
        return None if -_INT64 <= value < _INT64 else "A whole number does not fit in 64 bits."
    return None if math.isfinite(value) else "A number is too large."
