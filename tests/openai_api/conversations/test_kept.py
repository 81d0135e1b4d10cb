"""Items go wherever their messages go, and only there."""

import json
from typing import Any

import pytest

from sessions_app.domain.records.writing import line
from sessions_app.services import transfer
from sessions_app.services.audits import integrity
from sessions_app.services.transfer import exporting
from tests.api.bodies import path
from tests.openai_api.conversations import calls
from tests.openai_api.conversations.calls import CALL, OUTPUT, SEARCH, URL

ANSI = {"type": "local_shell_call_output", "id": "lsho_1", "output": "\x1b[1mdone\x1b[0m"}
PARTS = [
    {"type": "input_text", "text": "What is it?"},
    {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "low"},
]
ITEMS = [
    {"type": "message", "id": "msg_1", "role": "user", "content": PARTS},
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"},
    CALL,
    OUTPUT,
    SEARCH,
    ANSI,
]


@pytest.fixture(params=[0, 2], ids=["in the tail", "in a bucket"])
def conversation(alice: Any, request: pytest.FixtureRequest) -> str:
    conversation_id = calls.created(alice, *ITEMS)
    for _ in range(request.param):
        calls.added(alice, conversation_id, *[calls.user("x")] * 100)
    return conversation_id


BROUGHT = {"msg_1", "rs_1", "ws_1", "lsho_1"}


def without_made_ids(items: list[Any]) -> list[Any]:
    return [item if item["id"] in BROUGHT else item | {"id": None} for item in items]


def head(person: Any, conversation_id: str) -> list[Any]:
    return calls.items(person, conversation_id, limit=len(ITEMS))


def test_parts_and_control_characters_come_back_as_they_came(alice, conversation):
    items = head(alice, conversation)
    assert items[0]["content"] == PARTS
    assert items[4:] == [SEARCH, ANSI]


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_fork_has_the_same_items(alice, conversation):
    forked = alice.client.post(path(calls.session_of(conversation), "fork"), {}).json()
    copied, items = head(alice, calls.name(forked)), head(alice, conversation)
    assert without_made_ids(copied) == without_made_ids(items)
    for item in copied:
        assert calls.item(alice, calls.name(forked), item["id"]).json() == item


@pytest.mark.mongod("an import's transactions")
def test_an_export_that_is_imported_has_the_same_items(alice, conversation):
    items = head(alice, conversation)
    taken = exporting.Selection(user_id=alice.id)
    records = [json.loads(line(each)) for each in exporting.sessions_export(selection=taken)]
    alice.client.delete(f"{URL}/{conversation}")
    transfer.sessions_import(
        numbered=enumerate(each for each in records if each["type"] not in {"export", "end"}),
        user_id=None,
        dry_run=False,
        progress=lambda _: None,
    )
    assert head(alice, conversation) == items
    for item in items:
        assert calls.item(alice, conversation, item["id"]).json() == item
    assert calls.add(alice, conversation, SEARCH).json()["error"]["code"] == "duplicate_item"


def test_what_is_stored_is_whole(conversation):
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_what_is_left_after_deletions_is_whole(alice, conversation):
    for item in head(alice, conversation)[::2]:
        calls.remove(alice, conversation, item["id"])
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []
