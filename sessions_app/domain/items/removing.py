"""A message without one of its items."""

from typing import Any

from sessions_app.domain.data import Message
from sessions_app.domain.items.data import Kind
from sessions_app.domain.items.writing import items_of


def without_item(message: Message, item_id: str) -> Message | None:
    """The message without the item `item_id`, which it has; None where nothing is left of it.

    It is marked, so that a late repeat of the request that stored the whole message is known.
    """
    items = items_of(message)
    removed = next(item for item in items if item["id"] == item_id)
    if len(items) == 1:
        return None
    kept: dict[str, Any] = {**(message.items or {}), "removed": True}
    extra = dict(message.extra or {})
    if removed["type"] == Kind.REASONING:
        kept.pop("reasoning", None)
        left = {"calls": extra["calls"]} if extra.get("calls") else None
        return message._replace(reasoning=None, extra=left, items=kept)
    if removed["type"] == Kind.MESSAGE:
        kept.pop("message", None)
        return message._replace(content="", parts=None, items=kept)
    call_id = removed["call_id"]
    for records, name in ((kept, "calls"), (extra, "calls")):
        if name in records:
            records[name] = {key: each for key, each in records[name].items() if key != call_id}
    calls = [call for call in message.tool_calls or () if str(call.get("id") or "") != call_id]
    return message._replace(tool_calls=calls or None, extra=extra or None, items=kept)
