"""How the names of a framework become ids of sessions."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import TypeVar

from chat_sessions_client.answers import Message

T = TypeVar("T")
BATCH = 100
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def external_id(name: str) -> str:
    """The name itself where it can be an `external_id`, else one made from it."""
    if _EXTERNAL_ID.fullmatch(name):
        return name
    return "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def visible(messages: Iterable[Message]) -> Iterator[Message]:
    """Messages that are part of the conversation: no tombstones, no replaced replies."""
    return (
        message
        for message in messages
        if not message["deleted"] and message["superseded_by"] is None
    )


def batches(items: list[T]) -> Iterator[list[T]]:
    """Pieces that one request may bring."""
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))
