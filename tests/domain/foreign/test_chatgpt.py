"""ChatGPT's data export."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.domain.data import Role
from sessions_app.domain.foreign import chatgpt
from tests.domain.foreign.files import contents, load, records


def test_the_branch_that_was_shown_last_is_taken() -> None:
    conversation = chatgpt.read_conversation(load("chatgpt.json")[0])
    assert contents(conversation)[:2] == [
        ("user", "Where can I walk my dog in Lisbon?"),
        ("assistant", "Try Monsanto, or the riverside at Belém."),
    ]
    assert conversation.left["message of another branch"] == 1
    assert (conversation.title, conversation.source_id[-4:]) == ("Walking dogs in Lisbon", "0001")
    assert conversation.created_at == datetime(2025, 8, 24, 1, 46, 40, 123_000, UTC)
    assert conversation.messages[1].model == "gpt-4o"


def test_a_tool_is_a_call_and_its_result() -> None:
    call, result = chatgpt.read_conversation(load("chatgpt.json")[0]).messages[-3:-1]
    function = {"name": "python", "arguments": '{"input": "18 * 250 / 1000"}'}
    assert call.tool_calls == ({"id": "call_c1", "type": "function", "function": function},)
    assert (result.role, result.content, result.tool_call_id) == (Role.TOOL, "4.5", "call_c1")


def test_results_find_their_call_by_the_tool_and_keep_their_words_without_one() -> None:
    tools = [m for m in chatgpt.read_conversation(load("chatgpt.json")[1]).messages if m.name]
    assert [(m.name, m.tool_call_id, m.content) for m in tools] == [
        ("browser", "call_s", "# 0: Porto opens a bridge"),
        ("browser", "call_s", "The bridge opened on Monday."),
        ("web", "call_e", "timed out"),
    ]


def test_an_archived_conversation_is_archived_and_what_was_spoken_is_text() -> None:
    session, *messages = records(chatgpt.read_conversation(load("chatgpt.json")[1]))
    assert (session["status"], session["archived_at"]) == ("archived", session["updated_at"])
    assert messages[-1]["content"] == "A bridge has opened."


def test_what_has_no_place_is_counted() -> None:
    conversation = chatgpt.read_conversation(load("chatgpt.json")[0])
    records(conversation)
    assert conversation.left == {
        "message of another branch": 1,
        "hidden: text": 1,
        "hidden: user_editable_context": 1,
        "hidden: thoughts": 1,
        "image that is not in the file": 1,
        "citations": 1,
        "control characters, in so many messages": 1,
    }


@pytest.mark.parametrize("current", [None, "nowhere", 5])
def test_without_a_current_node_the_newest_branch_is_taken(current: Any) -> None:
    value = load("chatgpt.json")[0] | {"current_node": current}
    assert contents(chatgpt.read_conversation(value))[-1][1].startswith("About 4.5 km")


RUBBISH = [
    {"mapping": None},
    {"mapping": {"a": None}, "current_node": "a"},
    {"mapping": {"a": {"parent": "a", "message": {"author": 1, "content": []}}}},
    {"mapping": {"a": {"parent": [], "message": {"author": {"role": "user"}, "content": "x"}}}},
    {"mapping": {"a": {"message": {"author": {"role": ["x"]}, "content": {"parts": [1, None]}}}}},
    {"mapping": {"a": {"message": {"recipient": [1], "author": {"role": "assistant"}}}}},
    {"mapping": {"a": {"message": {"create_time": 1e400, "author": {"role": "user"}}}}},
    {"title": [1], "id": {}, "mapping": {}},
]


@pytest.mark.parametrize("value", RUBBISH)
def test_rubbish_is_no_conversation(value: Any) -> None:
    conversation = chatgpt.read_conversation(value)
    assert all(isinstance(message.content, str) for message in conversation.messages)
    assert all(record["type"] in ("session", "message") for record in records(conversation))
