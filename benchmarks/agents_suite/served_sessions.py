"""A pytest plugin: openai-agents' tests of `SQLiteSession` get sessions that a service keeps.

`OPENAI_BASE_URL` and `OPENAI_API_KEY` say which service. Nothing of the tests is changed but what
the name `SQLiteSession` stands for in them: `OpenAIConversationsSession`, unmodified, with one
conversation for each id and file. `SERVED_SESSIONS_REPORT` names the file for what came of them.

The wire gives items a type, an id and a status, and plain text the form of parts. Tests that
compare with what they wrote fail on that; with `SERVED_SESSIONS_PLAIN` set it is taken back.
"""

import json
import os
import re
import sqlite3
from pathlib import Path
from typing import Any

import httpx
import pytest
from agents import OpenAIConversationsSession, SQLiteSession
from openai import AsyncOpenAI, OpenAI

# An id that the service has made: of a UUIDv7.
_MADE = re.compile("[a-z]+_[0-9a-f]{12}7[0-9a-f]{19}")
_outcomes: dict[str, str] = {}


class ServedSession(OpenAIConversationsSession):
    """A session of the service in place of one in a file."""

    _conversations: dict[tuple[str, str], str] = {}

    def __init__(self, session_id: str, db_path: Any = ":memory:", **settings: Any) -> None:
        key = (session_id, str(db_path))
        if key not in self._conversations or db_path == ":memory:":
            with OpenAI() as client:
                self._conversations[key] = client.conversations.create().id
        # Tests run each in a loop of its own, and a connection belongs to the loop it was made in.
        limits = httpx.Limits(max_keepalive_connections=0)
        client_of_loops = AsyncOpenAI(http_client=httpx.AsyncClient(limits=limits))
        super().__init__(
            conversation_id=self._conversations[key], openai_client=client_of_loops, **settings
        )

    async def _get_items(self, limit: int | None = None) -> list[Any]:
        items: list[Any] = await super()._get_items(limit)
        return [*map(_plain, items)] if "SERVED_SESSIONS_PLAIN" in os.environ else items

    async def get_items(self, limit: int | None = None) -> list[Any]:
        return [*map(_without_id, await super().get_items(limit))]

    async def pop_item(self) -> Any:
        item = await super().pop_item()
        return _without_id(item) if item else None

    def close(self) -> None:
        """Nothing is open between requests."""


def _plain(item: Any) -> Any:
    """An item as a test wrote it that gave it no id."""
    if not _MADE.match(item["id"]):
        return item
    left = {name: value for name, value in item.items() if name != "status"}
    content = left.get("content")
    if left["type"] == "message" and content and len(content) == 1 and "text" in content[0]:
        left |= {"content": content[0]["text"]}
        del left["type"]
    return left


def _without_id(item: Any) -> Any:
    is_made = "SERVED_SESSIONS_PLAIN" in os.environ and _MADE.match(item["id"])
    return {name: value for name, value in item.items() if name != "id"} if is_made else item


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for module in {getattr(item, "module", None) for item in items}:
        if getattr(module, "SQLiteSession", None) is SQLiteSession:
            module.SQLiteSession = ServedSession


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Any:
    report = yield
    if report.when == "call" or report.failed:
        _outcomes[item.nodeid] = "passed" if report.passed else _reason(call)
    return report


def _reason(call: Any) -> str:
    error = call.excinfo.value if call.excinfo else None
    if isinstance(error, AttributeError | sqlite3.Error) or "SQLite" in str(error):
        return "asks for SQLite's own"
    return str(call.excinfo.exconly()).splitlines()[0][:200] if call.excinfo else "skipped"


def pytest_sessionfinish() -> None:
    report = os.environ.get("SERVED_SESSIONS_REPORT")
    if report:
        Path(report).write_text(json.dumps(_outcomes), encoding="utf-8")
