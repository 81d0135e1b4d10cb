"""A tool loop over responses: the call, its output, the answer."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.openai_api.responses.calls import ask, asked, get, said, session_of, text
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")

CALL = {"id": "call_a", "type": "function", "function": {"name": "find", "arguments": '{"a":1}'}}
TOOL = {"type": "function", "name": "find", "parameters": {"type": "object"}}
OUTPUT = {"type": "function_call_output", "call_id": "call_a", "output": "Here."}


@pytest.mark.parametrize("named", [False, True])
def test_a_call_and_its_output(alice: Person, session: Any, model: ScriptedModel, named: bool):
    model.scripts.append(Script(tool_calls=[CALL], finish_reason="tool_calls"))
    where = {"conversation": session["session_id"]} if named else {}
    first = ask(alice, "Where?", tools=[TOOL], **where)
    [item] = first.json()["output"]
    assert (item["type"], item["call_id"], item["arguments"]) == (
        "function_call", "call_a", '{"a":1}',
    )  # fmt: skip
    behind = where or {"previous_response_id": first.json()["id"]}
    second = asked(alice, [OUTPUT], tools=[TOOL], **behind)
    assert text(second) == "Well."
    assert model.asked[-1][1:] == [
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "content": "Here.", "tool_call_id": "call_a"},
    ]
    assert [role for role, _ in said(alice, session_of(first))] == [
        "user", "assistant", "tool", "assistant",
    ]  # fmt: skip
    [given] = get(alice, second["id"], "input_items").json()["data"]
    assert (given["type"], given["call_id"], given["output"]) == (
        "function_call_output", "call_a", "Here.",
    )  # fmt: skip


def test_a_client_that_keeps_the_items_sends_them_whole(alice: Person, model: ScriptedModel):
    model.scripts.append(Script("Let me see.", tool_calls=[CALL], finish_reason="tool_calls"))
    question = {"role": "user", "content": "Where?"}
    first = asked(alice, [question], tools=[TOOL], store=False)
    asked(alice, [question, *first["output"], OUTPUT], tools=[TOOL], store=False)
    assert model.asked[-1] == [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL]},
        {"role": "tool", "content": "Here.", "tool_call_id": "call_a"},
    ]
