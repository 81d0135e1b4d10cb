"""A pytest plugin: the SDK's own tests of `SQLiteSession` get `ChatSessionsSession` in its place.

Nothing else of the tests is changed. A file of theirs stands for a set of sessions: the same id in
two files is two sessions.
"""

import hashlib
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from agents import SQLiteSession
from chat_sessions_client import AsyncClient
from chat_sessions_client.adapters.openai_agents import ChatSessionsSession
from conftest import BASE, KEY

# Each run has sessions of its own.
_RUN = uuid.uuid4().hex


class ServedSession(ChatSessionsSession):
    """A session of the service in place of one in a file."""

    def __init__(self, session_id: str, db_path: Any = ":memory:", **settings: Any) -> None:
        file = uuid.uuid4().hex if db_path == ":memory:" else str(Path(db_path))
        name = hashlib.sha256(f"{_RUN}/{file}/{session_id}".encode()).hexdigest()
        # Some tests use a session on several event loops, and a connection belongs to one.
        limits = httpx.Limits(max_keepalive_connections=0)
        http = httpx.AsyncClient(limits=limits, timeout=30)
        super().__init__(name, AsyncClient(BASE, api_key=KEY, http=http), **settings)
        self.session_id = session_id
        self._name = name

    async def _stored_id(self) -> str:
        return (await self._client.create_session(external_id=self._name))["session_id"]

    def close(self) -> None:
        """Nothing is open between requests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for module in {getattr(item, "module", None) for item in items}:
        if getattr(module, "SQLiteSession", None) is SQLiteSession:
            module.SQLiteSession = ServedSession
