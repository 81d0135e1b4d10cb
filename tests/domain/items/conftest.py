"""Items stored and read again, without a database."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.domain.data import Message
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.items import items_of, read_items

NOW = datetime(2026, 11, 27, 21, 0, tzinfo=UTC)


def as_message(draft: MessageDraft, seq: int = 1) -> Message:
    return Message(
        id=f"msg_{seq:032x}",
        seq=seq,
        role=draft.role,
        content=draft.content,
        timestamp=NOW,
        token_count=0,
        tool_calls=draft.tool_calls,
        tool_call_id=draft.tool_call_id,
        reasoning=draft.reasoning,
        extra=draft.extra,
        items=draft.items,
        parts=draft.parts,
    )


def as_messages(items: Sequence[Any]) -> list[Message]:
    drafts = read_items(items, "items").drafts
    return [as_message(draft, seq) for seq, draft in enumerate(drafts, 1)]


@pytest.fixture
def read_again() -> Callable[..., list[dict[str, Any]]]:
    """What comes back of the items that are stored."""

    def read(*items: Any) -> list[dict[str, Any]]:
        return [item for message in as_messages(items) for item in items_of(message)]

    return read


@pytest.fixture
def stored() -> Callable[..., list[Message]]:
    """The messages that items become."""
    return lambda *items: as_messages(items)
