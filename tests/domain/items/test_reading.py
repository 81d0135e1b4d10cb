"""Items become messages."""

from collections.abc import Callable
from typing import Any

import pytest

from sessions_app.domain.data import Message, Role
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.items import brought_ids, read_items

Stored = Callable[..., list[Message]]
CALL = {"type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": '{"a": 1}'}


def refused(*items: Any) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read_items(items, "items")
    return caught.value


@pytest.mark.parametrize(
    "item",
    [
        {"role": "user", "content": "Hello"},
        {"type": "message", "role": "user", "content": "Hello"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hello"}]},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}]},
        {"role": "user", "content": "Hello", "type": None, "id": None, "status": None},
    ],
)
def test_a_message_is_read_from_every_form_that_clients_write(
    stored: Stored, item: dict[str, Any]
) -> None:
    [message] = stored(item)
    assert (message.role, message.content) == (Role.USER, "Hello")


def test_several_text_parts_are_lines_of_one_text(stored: Stored) -> None:
    parts = [{"type": "input_text", "text": "one"}, {"type": "input_text", "text": "two"}]
    [message] = stored({"role": "user", "content": parts})
    assert message.content == "one\ntwo"


def test_developers_are_stored_as_system_messages(stored: Stored) -> None:
    [message] = stored({"role": "developer", "content": "Be brief."})
    assert message.role is Role.SYSTEM


def test_thoughts_text_and_calls_in_a_row_are_one_message(stored: Stored) -> None:
    thought = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    said = {"type": "message", "role": "assistant", "content": "One moment."}
    [message] = stored(thought, said, CALL, CALL | {"call_id": "call_2"})
    assert message.reasoning == "Hm."
    assert message.content == "One moment."
    assert [call["id"] for call in message.tool_calls or ()] == ["call_1", "call_2"]


def test_what_cannot_follow_in_an_answer_begins_a_message(stored: Stored) -> None:
    said = {"type": "message", "role": "assistant", "content": "Done."}
    thought = {"type": "reasoning", "summary": []}
    messages = stored(CALL, said, CALL, CALL, thought, thought)
    assert [bool(message.tool_calls) for message in messages] == [True, True, True, False, False]
    assert [message.content for message in messages] == ["", "Done.", "", "", ""]


def test_a_result_is_a_tools_message(stored: Stored) -> None:
    [message] = stored({"type": "function_call_output", "call_id": "call_1", "output": "\x1b[1m7"})
    assert (message.role, message.tool_call_id) == (Role.TOOL, "call_1")
    assert message.content == "\x1b[1m7"


def test_a_result_without_output_says_so_to_models(stored: Stored) -> None:
    [message] = stored({"type": "function_call_output", "call_id": "call_1", "output": ""})
    assert message.content == "(no output)"


def test_a_message_of_pictures_says_what_was_there(stored: Stored) -> None:
    picture = {"type": "input_image", "image_url": "https://example.com/a.png"}
    [message] = stored({"role": "user", "content": [picture, {"type": "input_file"}]})
    assert message.content == "[image]\n[file]"


def test_a_picture_beside_text_leaves_the_text(stored: Stored) -> None:
    parts = [{"type": "input_text", "text": "What is it?"}, {"type": "input_image"}]
    [message] = stored({"role": "user", "content": parts})
    assert message.content == "What is it?"


def test_an_opaque_item_has_a_message_of_its_own_between_the_others(stored: Stored) -> None:
    search = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
    messages = stored(CALL, search, CALL | {"call_id": "call_2"})
    assert [(message.role, message.content) for message in messages] == [(Role.ASSISTANT, "")] * 3
    assert (messages[1].items or {})["opaque"] == search


def test_an_opaque_items_text_is_that_of_its_content(stored: Stored) -> None:
    content = [{"type": "output_text", "text": "found"}, {"type": "output_image"}]
    [message] = stored({"type": "canvas", "role": "user", "content": content})
    assert (message.role, message.content) == (Role.USER, "found")


def test_an_opaque_item_without_text_is_nothing_that_a_user_said(stored: Stored) -> None:
    [message] = stored({"type": "mcp_approval_response", "role": "user", "approve": True})
    assert (message.role, message.content, message.is_silent) == (Role.ASSISTANT, "", True)


def test_further_members_of_a_call_go_back_to_its_server(stored: Stored) -> None:
    [message] = stored(CALL | {"extra_content": {"google": {"thought_signature": "x"}}})
    assert message.extra == {
        "calls": {"call_1": {"extra_content": {"google": {"thought_signature": "x"}}}}
    }


def test_each_draft_knows_the_position_of_its_first_item() -> None:
    batch = read_items([{"role": "user", "content": "Hi"}, CALL, CALL, CALL], "items")
    assert batch.positions == [0, 1, 2, 3]
    other = read_items([CALL, CALL | {"call_id": "b"}, {"role": "user", "content": "Hi"}], "items")
    assert other.positions == [0, 2]


def test_the_ids_that_a_client_brought_are_known(stored: Stored) -> None:
    messages = stored(
        {"id": "rs_1", "type": "reasoning", "summary": []},
        {"id": "msg_1", "type": "message", "role": "assistant", "content": "Yes."},
        CALL | {"id": "fc_1"},
        {"type": "function_call_output", "call_id": "call_1", "output": "7"},
        {"type": "web_search_call", "id": "ws_1"},
    )
    assert [brought_ids(each.items) for each in messages] == [
        ["rs_1", "msg_1", "fc_1"],
        [],
        ["ws_1"],
    ]


@pytest.mark.parametrize(
    ("item", "attr"),
    [
        ("text", "items.0"),
        ({}, "items.0.type"),
        ({"type": 1}, "items.0.type"),
        ({"role": "user"}, "items.0.content"),
        ({"role": "boss", "content": "x"}, "items.0.role"),
        ({"role": "user", "content": 1}, "items.0.content"),
        ({"role": "user", "content": [1]}, "items.0.content.0"),
        ({"role": "user", "content": [{"text": "x"}]}, "items.0.content.0.type"),
        ({"role": "user", "content": [{"type": "input_text"}]}, "items.0.content.0.text"),
        ({"role": "user", "content": "a\x00b"}, "items.0.content"),
        ({"role": "user", "content": "x", "id": 7}, "items.0.id"),
        ({"role": "user", "content": "x", "id": "i" * 129}, "items.0.id"),
        ({"type": "function_call", "name": "f", "arguments": "{}"}, "items.0.call_id"),
        ({"type": "function_call", "call_id": "c", "arguments": "{}"}, "items.0.name"),
        ({"type": "function_call", "call_id": "c", "name": "f"}, "items.0.arguments"),
        ({"type": "function_call_output", "call_id": "c"}, "items.0.output"),
        ({"type": "function_call_output", "output": "x"}, "items.0.call_id"),
        ({"type": "reasoning", "summary": "x"}, "items.0.summary"),
        ({"type": "canvas", "text": "\ud800"}, "items.0"),
        ({"type": "item_reference", "id": "msg_1"}, "items.0.type"),
    ],
)
def test_an_item_that_cannot_be_kept_is_refused_by_the_members_name(item: Any, attr: str) -> None:
    assert refused(item).attr == attr


def test_two_items_of_one_request_cannot_have_the_same_id() -> None:
    item = {"role": "user", "content": "x", "id": "msg_1"}
    error = refused(item, item)
    assert (error.attr, error.code) == ("items.1.id", "duplicate_item")
