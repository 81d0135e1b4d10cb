"""What is answered has the types that the `openai` package has for it."""

from typing import Any

import pytest
from openai.types.conversations import Conversation, ConversationItem, ConversationItemList
from openai.types.responses import Response, ResponseItemList, ResponseStreamEvent
from pydantic import TypeAdapter

from sessions_app.providers import Thought
from tests.conftest import Person
from tests.openai_api.conversations import calls
from tests.openai_api.responses.calls import ask, asked, events, get
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")

EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)
ITEM: TypeAdapter[Any] = TypeAdapter(ConversationItem)
FUNCTION = {"id": "call_a", "type": "function", "function": {"name": "find", "arguments": "{}"}}
CUSTOM = {"id": "call_b", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
TOOLS = [
    {"type": "function", "name": "find", "parameters": {"type": "object"}},
    {"type": "custom", "name": "sql", "format": {
        "type": "grammar", "syntax": "regex", "definition": "S.*"}},
]  # fmt: skip
CHOICE = {"type": "allowed_tools", "mode": "auto", "tools": [{"type": "custom", "name": "sql"}]}


def everything() -> Script:
    return Script(
        Thought("Let me see."), "So ", "be it.",
        tool_calls=[FUNCTION, CUSTOM], finish_reason="tool_calls",
    )  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"tools": TOOLS, "tool_choice": CHOICE, "reasoning": {"effort": "low"}},
        {"tools": TOOLS, "tool_choice": {"type": "custom", "name": "sql"}, "store": False},
        {"text": {"format": {"type": "json_schema", "name": "a", "schema": {"type": "object"}}},
         "metadata": {"a": "b"}, "service_tier": "flex", "truncation": "auto", "user": "u"},
        {"background": True, "instructions": "Be brief.", "max_output_tokens": 50},
    ],
)  # fmt: skip
def test_a_response(alice: Person, model: ScriptedModel, more: Any):
    model.scripts.append(everything())
    response = Response.model_validate(asked(alice, **more))
    assert response.status in {"completed", "queued", "in_progress"}


def test_the_events_of_a_response(alice: Person, model: ScriptedModel):
    model.scripts.append(everything())
    read = events(ask(alice, tools=TOOLS, stream=True))
    assert {EVENT.validate_python(event).type for event in read} >= {
        "response.created", "response.reasoning_summary_text.delta", "response.output_text.done",
        "response.function_call_arguments.done", "response.custom_tool_call_input.done",
        "response.completed",
    }  # fmt: skip
    again = events(get(alice, read[-1]["response"]["id"], stream="true"))
    assert again == read


def test_the_items_of_a_response(alice: Person, model: ScriptedModel):
    call = {"type": "custom_tool_call", "call_id": "c", "name": "sql", "input": "SELECT 1"}
    output = {"type": "custom_tool_call_output", "call_id": "c", "output": "1"}
    picture = {"type": "input_image", "image_url": "https://x.org/a.png", "detail": "low"}
    message = {"role": "user", "content": [picture, {"type": "input_text", "text": "What?"}]}
    response = asked(alice, [message, call, output])
    listed = get(alice, response["id"], "input_items").json()
    items = ResponseItemList.model_validate(listed).data
    assert [item.type for item in items] == [
        "custom_tool_call_output", "custom_tool_call", "message"
    ]  # fmt: skip


def test_a_conversation_and_its_items(alice: Person, model: ScriptedModel):
    conversation = calls.create(alice, calls.user("Hello?"), metadata={"a": "b"}).json()
    Conversation.model_validate(conversation)
    model.scripts.append(everything())
    asked(alice, conversation=conversation["id"], tools=TOOLS)
    refusal = {"type": "refusal", "refusal": "No."}
    calls.added(alice, conversation["id"], calls.assistant([refusal]))
    page = calls.page(alice, conversation["id"]).json()
    ConversationItemList.model_validate(page)
    assert {ITEM.validate_python(item).type for item in page["data"]} == {
        "message", "reasoning", "function_call", "custom_tool_call",
    }  # fmt: skip
    Conversation.model_validate(alice.client.get(f"{calls.URL}/{conversation['id']}").json())
