"""Items of types that are not modelled: kept as they came."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.items import parts
from sessions_app.domain.texts import text

_REFERENCE = "item_reference"


def draft(item: Mapping[str, Any], place: str) -> MessageDraft:
    """An opaque item as a message of its own; its text is that of its content, mostly none."""
    if item.get("type") == _REFERENCE:
        raise InvalidInput("An item is given whole here, not by reference.", attr=f"{place}.type")
    # A terminal's output has its control characters.
    if problem := text.json_problem(item, raw=True):
        raise InvalidInput(problem, attr=place)
    said, role = _text(item), item.get("role")
    # Without a text it is nothing that a user has said.
    is_users = bool(said) and role == Role.USER
    return MessageDraft(
        Role.USER if is_users else Role.ASSISTANT, said, items={"opaque": dict(item)}
    )


def _text(item: Mapping[str, Any]) -> str:
    content = item.get("content")
    said = content if isinstance(content, str) else item.get("text")
    if isinstance(content, list):
        said = parts.text_of(content)
    return text.storable(said) if isinstance(said, str) else ""
