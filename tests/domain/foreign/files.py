"""Files as other programs write them, and what is made of them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sessions_app.domain.foreign import conversations
from sessions_app.domain.foreign.conversations import Conversation

DATA = Path(__file__).parents[2] / "data" / "imports"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def load(name: str) -> Any:
    text = (DATA / name).read_text(encoding="utf-8")
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def contents(conversation: Conversation) -> list[tuple[str, str]]:
    return [(message.role.value, message.content) for message in conversation.messages]


def records(conversation: Conversation, user_id: str = "alice") -> list[Any]:
    return list(
        conversations.records(conversation, user_id=user_id, policy={}, expires_at=None, now=NOW)
    )
