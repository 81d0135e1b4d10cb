"""Whether a stored document still names a person."""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

# An id at least this long is in other text only on purpose; the id 7 is in every 1970.
_UNMISTAKABLE_CHARS = 16


class Trace(StrEnum):
    """How a document names a person: as data of theirs, or in text that somebody else wrote."""

    LEFT = "left"
    MENTION = "mention"


def recogniser(user_id: str) -> Callable[[str], bool]:
    """A test whether a text is `user_id` or has it as a part of a compound key."""
    if len(user_id) >= _UNMISTAKABLE_CHARS:
        return lambda text: user_id in text
    part = re.compile(rf"(?:^|[/:\s]){re.escape(user_id)}(?:$|[/:\s])")
    return lambda text: part.search(text) is not None


def trace(
    document: Mapping[str, Any], names: Callable[[str], bool], words: frozenset[str]
) -> Trace | None:
    """How `document` names the person that `names` recognises; None when it does not.

    `words` are the fields with text that people write, in which a name is only a mention.
    """
    own = {field: value for field, value in document.items() if field not in words}
    if any(map(names, _texts(own))):
        return Trace.LEFT
    written = {field: document[field] for field in words & document.keys()}
    return Trace.MENTION if any(map(names, _texts(written))) else None


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode(errors="replace")
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif value is not None:
        yield str(value)
