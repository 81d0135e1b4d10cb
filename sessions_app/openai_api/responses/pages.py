"""A page of items."""

from collections.abc import Mapping, Sequence
from typing import Any

from sessions_app.domain.errors import InvalidInput

_LIMIT_MAX = 100
_LIMIT_DEFAULT = 20


def item_page(items: Sequence[dict[str, Any]], query: Mapping[str, Any]) -> dict[str, Any]:
    """The page that a query asks for: `after`, `limit`, and `order`, which is `desc` by default."""
    order = query.get("order", "desc")
    if order not in {"asc", "desc"}:
        raise InvalidInput("Expected one of: asc, desc.", attr="order")
    listed = list(items) if order == "asc" else list(reversed(items))
    after = query.get("after")
    if after is not None:
        ids = [item["id"] for item in listed]
        if after not in ids:
            raise InvalidInput("No such item.", attr="after")
        listed = listed[ids.index(after) + 1 :]
    page = listed[: _limit(query.get("limit"))]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(listed) > len(page),
    }


def _limit(value: str | None) -> int:
    if value is None:
        return _LIMIT_DEFAULT
    if not (value.isascii() and value.isdigit() and 1 <= int(value[:9]) <= _LIMIT_MAX):
        raise InvalidInput(f"Expected 1 to {_LIMIT_MAX}.", attr="limit")
    return int(value)
