"""Items of types that are not modelled: kept as they came."""

from collections.abc import Mapping
from typing import Any

from sessions_app.domain import text
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.items import parts

_REFERENCE = "item_reference"
_ROLES = {role.value: role for role in (Role.USER, Role.ASSISTANT)}


def draft(item: Mapping[str, Any], place: str) -> MessageDraft:
    """An opaque item as a message of its own; its text is that of its content, mostly none."""
    if item.get("type") == _REFERENCE:
        raise InvalidInput("An item is given whole here, not by reference.", attr=f"{place}.type")
    # A terminal's output has its control characters.
    if problem := text.json_problem(item, raw=True):
        raise InvalidInput(problem, attr=place)
    role = item.get("role")
    return MessageDraft(
        _ROLES.get(role, Role.ASSISTANT) if isinstance(role, str) else Role.ASSISTANT,
        _text(item),
        items={"opaque": dict(item)},
    )


def _text(item: Mapping[str, Any]) -> str:
    content = item.get("content")
    said = content if isinstance(content, str) else item.get("text")
    if isinstance(content, list):
        said = parts.text_of(content)
    return text.storable(said) if isinstance(said, str) else ""
