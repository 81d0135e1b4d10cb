"""A session of OpenAI's Agents SDK, kept by the service.

Items of every type are stored as they are, on the service's OpenAI wire. There each has an id, a
type, a status and its content in parts. An item that had no id gets one that says what else it did
not have, so that what is read is what was added.
"""

import re
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from agents import SessionSettings

from chat_sessions_client.adapters import naming
from chat_sessions_client.async_client import AsyncClient
from chat_sessions_client.errors import InvalidRequest
from chat_sessions_client.requests import Request, address, new_key, read_json

if TYPE_CHECKING:
    from agents import TResponseInputItem

# The id of an item that came without one: whether it had a type, a status, a text for its content.
_MADE = re.compile("as_(t?)(s?)(c?)_[0-9a-f]{32}")
# Items that mean the same without their id; thoughts, for one, do not.
_NAMELESS = frozenset({"message", "function_call", "function_call_output"})
_PAGE = 100


class ChatSessionsSession:
    """The items of the session that `session_id` names; it is made when it is first used.

    It follows the SDK's protocol `Session`. Erased items leave no trace. The session's messages
    are open to everything else that the service does: its page, its review, its search.
    """

    session_id: str
    session_settings: SessionSettings | None

    def __init__(
        self,
        session_id: str,
        client: AsyncClient,
        *,
        session_settings: SessionSettings | Mapping[str, Any] | None = None,
    ) -> None:
        self.session_id, self._client = session_id, client
        if not isinstance(session_settings, SessionSettings):
            session_settings = SessionSettings(**(session_settings or {}))
        self.session_settings = session_settings

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
        path = await self._items_path()
        for batch in naming.batches([dict(item) for item in items]):
            try:
                await self._append(path, [*map(_named, batch)])
            except InvalidRequest as refusal:
                if refusal.code != "duplicate_item":
                    raise
                # Models of other makers give all their items one id.
                await self._append(path, [_named(_nameless(item)) for item in batch])

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

    async def _append(self, path: str, batch: list[dict[str, Any]]) -> None:
        headers = {"Idempotency-Key": new_key()}
        request = Request("POST", path, read_json, body={"items": batch}, headers=headers)
        await self._client.call(request)

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


def _named(item: Mapping[str, Any]) -> dict[str, Any]:
    """An item with an id; of the kinds that mean the same without one, if it has none."""
    if item.get("id") or item.get("type", "message") not in _NAMELESS:
        return dict(item)
    had = ("t" if "type" in item else "", "s" if "status" in item else "",
           "c" if isinstance(item.get("content"), str) else "")  # fmt: skip
    return {**item, "id": f"as_{''.join(had)}_{new_key()}"}


def _nameless(item: Mapping[str, Any]) -> dict[str, Any]:
    if item.get("type", "message") not in _NAMELESS:
        return dict(item)
    return {name: value for name, value in item.items() if name != "id"}


def _as_added(item: Mapping[str, Any]) -> Any:
    """An item without what the service has given it."""
    made = _MADE.fullmatch(item.get("id") or "")
    if made is None:
        return dict(item)
    had_type, had_status, had_text = made.groups()
    added = {name: value for name, value in item.items() if name != "id"}
    if not had_type:
        added.pop("type", None)
    if not had_status:
        added.pop("status", None)
    if had_text:
        added["content"] = "".join(part.get("text", "") for part in added["content"])
    return added
