"""Whether a stored document still names a person."""

import re
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

# Ids at least this long stand inside other text by intention only; the id 7 stands in every 1970.
_UNMISTAKABLE_CHARS = 16


class Trace(StrEnum):
    """How a document names somebody: as data of theirs, or in words that somebody else wrote."""

    LEFT = "left"
    MENTION = "mention"


def recogniser(user_id: str) -> Callable[[str], bool]:
    """Tells whether a text names `user_id`: is it, or has it as a part of a compound key."""
    if len(user_id) >= _UNMISTAKABLE_CHARS:
        return lambda text: user_id in text
    part = re.compile(rf"(?:^|[/:\s]){re.escape(user_id)}(?:$|[/:\s])")
    return lambda text: part.search(text) is not None


def trace(
    document: Mapping[str, Any], names: Callable[[str], bool], words: frozenset[str]
) -> Trace | None:
    """How `document` names the person that `names` recognises; None when it does not.

    `words` are the fields that hold what people write, where a name is a mention and no more.
    """
    own = {field: value for field, value in document.items() if field not in words}
    if any(map(names, _texts(own))):
        return Trace.LEFT
    said = {field: document[field] for field in words & document.keys()}
    return Trace.MENTION if any(map(names, _texts(said))) else None


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
