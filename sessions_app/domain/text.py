"""Which text and which JSON values can be stored and returned unchanged."""

import math
import re
import unicodedata
from typing import Any

from sessions_app.domain.limits import JSON_MAX_DEPTH

# C0 and C1 controls and DEL but for tab, newline and carriage return; and lone surrogates, which
# no UTF-8 can carry (RFC 8259, 8.2).
_UNSTORABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")

_INT64 = range(-(2**63), 2**63)


def is_text(value: str) -> bool:
    """Whether `value` may be stored: no control characters, no lone surrogates."""
    return _UNSTORABLE.search(value) is None


def storable(value: str) -> str:
    """`value` without the characters that may not be stored: for text from models, not clients."""
    return _UNSTORABLE.sub("", value)


def is_visible(value: str) -> bool:
    """Whether `value` shows anything: it has more than spaces and formatting characters."""
    return any(unicodedata.category(character)[0] not in "ZC" for character in value)


def json_problem(value: Any, *, depth: int = 0) -> str | None:
    """Why a client's JSON value cannot be stored and returned unchanged; None when it can."""
    if depth > JSON_MAX_DEPTH:
        return f"Nested deeper than {JSON_MAX_DEPTH} levels."
    if isinstance(value, str):
        return None if is_text(value) else "Control characters and lone surrogates are not allowed."
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int):
        return None if value in _INT64 else "A whole number does not fit in 64 bits."
    if isinstance(value, float):
        return None if math.isfinite(value) else "A number is too large."
    children = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return next(filter(None, (json_problem(child, depth=depth + 1) for child in children)), None)
