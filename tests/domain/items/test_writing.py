"""Messages, whoever stored them, are read as items."""

from typing import Any

import pytest
from openai.types.conversations import ConversationItem
from pydantic import TypeAdapter

from sessions_app.domain.data import Message, Role
from sessions_app.domain.items import items_of, message_ids
from tests.domain.items.conftest import NOW, as_messages

STEM = "01932c07" * 4
CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
TYPED: TypeAdapter[Any] = TypeAdapter(ConversationItem)


def message(role: Role, content: str = "", **members: Any) -> Message:
    return Message(f"msg_{STEM}", 1, role, content, NOW, 0, **members)


def test_a_users_message_is_input_text() -> None:
    assert items_of(message(Role.USER, "Hello")) == [
        {
            "id": f"msg_{STEM}",
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_text", "text": "Hello"}],
        }
    ]


def test_a_reply_is_its_thoughts_its_text_and_its_calls() -> None:
    reply = message(Role.ASSISTANT, "Wait.", reasoning="Hm.", tool_calls=[CALL])
    thought, said, call = items_of(reply)
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert said["content"] == [{"type": "output_text", "annotations": [], "text": "Wait."}]
    assert (call["call_id"], call["name"], call["arguments"]) == ("call_1", "f", "{}")
    assert [item["id"].split("_")[0] for item in (thought, said, call)] == ["rs", "msg", "fc"]


def test_a_tools_message_is_the_output_of_its_call() -> None:
    [item] = items_of(message(Role.TOOL, "7", tool_call_id="call_1"))
    assert (item["type"], item["call_id"], item["output"]) == (
        "function_call_output",
        "call_1",
        "7",
    )


def test_a_custom_tools_call_is_one() -> None:
    call = {"id": "call_1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    [item] = items_of(message(Role.ASSISTANT, tool_calls=[call]))
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "sql", "SELECT 1")


def test_an_erased_message_is_no_item() -> None:
    assert items_of(message(Role.USER, deleted=True)) == []


def test_an_empty_reply_is_an_empty_message() -> None:
    [item] = items_of(message(Role.ASSISTANT))
    assert (item["type"], item["content"][0]["text"]) == ("message", "")


@pytest.mark.parametrize(
    "stored",
    [
        message(Role.USER, "Hello"),
        message(Role.SYSTEM, "Be brief."),
        message(Role.ASSISTANT, "Wait.", reasoning="Hm.", tool_calls=[CALL]),
        message(Role.TOOL, "7", tool_call_id="call_1"),
    ],
)
def test_the_openai_package_knows_each_item(stored: Message) -> None:
    for item in items_of(stored):
        assert TYPED.validate_python(item).model_dump(exclude_unset=True) == item


def test_what_a_models_server_wants_back_travels_with_the_items() -> None:
    extra = {
        "thought_member": "reasoning_content",
        "message": {"reasoning_details": [{"data": "x"}]},
        "calls": {"call_1": {"extra_content": {"signature": "y"}}},
    }
    reply = message(Role.ASSISTANT, reasoning="Hm.", tool_calls=[CALL], extra=extra)
    [again] = as_messages(items_of(reply))
    assert (again.reasoning, again.extra) == ("Hm.", extra)


def test_signatures_without_thoughts_are_a_reasoning_item() -> None:
    extra = {"message": {"reasoning_details": [{"data": "x"}]}}
    thought, _ = items_of(message(Role.ASSISTANT, "Yes.", extra=extra))
    assert (thought["type"], thought["summary"]) == ("reasoning", [])


@pytest.mark.parametrize(
    "value", ["chat-sessions:", "chat-sessions:e30=", "chat-sessions:%", "gAAA"]
)
def test_encrypted_content_that_is_not_ours_is_kept_as_it_is(value: str) -> None:
    [read] = as_messages([{"type": "reasoning", "summary": [], "encrypted_content": value}])
    assert read.extra is None
    assert items_of(read)[0]["encrypted_content"] == value


@pytest.mark.parametrize("stored_id", [f"msg_{STEM}", "imported_7", "7"])
def test_each_items_id_leads_to_its_message(stored_id: str) -> None:
    reply = message(Role.ASSISTANT, "Wait.", reasoning="Hm.", tool_calls=[CALL])
    opaque = as_message_of({"type": "canvas"})
    for stored in (reply, opaque, message(Role.TOOL, "7", tool_call_id="call_1")):
        for item in items_of(stored._replace(id=stored_id)):
            assert stored_id in message_ids(item["id"])


def as_message_of(item: dict[str, Any]) -> Message:
    return as_messages([item])[0]
