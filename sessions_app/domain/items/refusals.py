"""A reply by which a model refuses to answer: its item has one part, of the type `refusal`."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.data import Message

REFUSAL: Mapping[str, Any] = {"message": {"part": {"type": "refusal"}}}
"""What such a message has in `items`."""


def is_refusal(message: Message) -> bool:
    """Whether the text of a message is a refusal."""
    part = ((message.items or {}).get("message") or {}).get("part") or {}
    return bool(part.get("type") == "refusal")
