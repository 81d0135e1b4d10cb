"""A session of OpenAI's Agents SDK, kept by the service.

Items of every type are stored as they are, on the service's OpenAI wire. An item that had no id
gets one there, with a status; both are taken off again, so that what is read is what was added.
"""

import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from chat_sessions_client.adapters import naming
from chat_sessions_client.async_client import AsyncClient
from chat_sessions_client.requests import Request, address, new_key, read_json

if TYPE_CHECKING:
    from agents import SessionSettings, TResponseInputItem

# An id that the service has made: of a UUIDv7.
_MADE = re.compile("[a-z]+_[0-9a-f]{12}7[0-9a-f]{19}")
_PAGE = 100


class ChatSessionsSession:
    """The items of the session that `session_id` names; it is made when it is first used.

    It follows the SDK's protocol `Session`. Erased items leave no trace. The session's messages
    are open to everything else that the service does: its page, its review, its search.
    """

    session_id: str
    session_settings: "SessionSettings | None"

    def __init__(
        self,
        session_id: str,
        client: AsyncClient,
        *,
        session_settings: "SessionSettings | None" = None,
    ) -> None:
        self.session_id, self.session_settings = session_id, session_settings
        self._client = client

    async def get_items(self, limit: int | None = None) -> "list[TResponseInputItem]":
        """All items, or the newest `limit`, oldest first."""
        if limit is None and self.session_settings is not None:
            limit = self.session_settings.limit
        if limit is not None and limit <= 0:
            return []
        newest = [item async for item in self._newest(limit)]
        return [_as_added(item) for item in reversed(newest)]

    async def add_items(self, items: "list[TResponseInputItem]") -> None:
        """Add items at the end; up to 100 of them all or none, and once."""
        path, key = await self._items_path(), new_key()
        for number, batch in enumerate(naming.batches(list(items))):
            headers = {"Idempotency-Key": f"{key}-{number}"}
            body = {"items": batch}
            await self._client.call(Request("POST", path, read_json, body=body, headers=headers))

    async def pop_item(self) -> "TResponseInputItem | None":
        """Remove the newest item and return it; None where there is none."""
        async for item in self._newest(1):
            path = await self._items_path() + address(item["id"])
            await self._client.call(Request("DELETE", path, read_json))
            return _as_added(item)
        return None

    async def clear_session(self) -> None:
        """Delete the session; the next item begins a new one under the same name."""
        await self._client.delete_session(await self._stored_id())

    async def _stored_id(self) -> str:
        name = naming.external_id(self.session_id)
        return (await self._client.create_session(external_id=name))["session_id"]

    async def _items_path(self) -> str:
        return address("v1", "conversations", f"conv_{await self._stored_id()}", "items")

    async def _newest(self, limit: int | None) -> AsyncIterator[dict[str, Any]]:
        """Items from the newest back."""
        path, after, left = await self._items_path(), None, limit
        while left is None or left > 0:
            size = _PAGE if left is None else min(_PAGE, left)
            query = {"order": "desc", "limit": size, "after": after}
            page: Mapping[str, Any] = await self._client.call(
                Request("GET", path, read_json, query=query)
            )
            for item in page["data"]:
                yield item
            if not page["has_more"]:
                return
            after = page["last_id"]
            left = None if left is None else left - len(page["data"])


def _as_added(item: Mapping[str, Any]) -> Any:
    """An item without what the service has given it."""
    if not _MADE.fullmatch(item.get("id") or ""):
        return dict(item)
    added = {name: value for name, value in item.items() if name not in {"id", "status"}}
    content = added.get("content")
    if added.get("type") == "message" and content and len(content) == 1 and "text" in content[0]:
        added["content"] = content[0]["text"]
        del added["type"]
    return added
