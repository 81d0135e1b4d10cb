"""A tool loop over responses: the call, its output, the answer."""

from typing import Any

import pytest

from tests import model_server
from tests.conftest import Person
from tests.model_server import ModelServer
from tests.openai_api.responses.calls import ask, asked, events, get, said, session_of, text
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


CUSTOM = {"id": "call_b", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1\n"}}
CUSTOM_TOOL = {"type": "custom", "name": "sql", "description": "Asks the database."}
CUSTOM_OUTPUT = {"type": "custom_tool_call_output", "call_id": "call_b", "output": "1"}


def test_a_custom_tools_call_and_its_output(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(tool_calls=[CUSTOM], finish_reason="tool_calls"))
    first = asked(alice, "How many?", tools=[CUSTOM_TOOL])
    [item] = first["output"]
    assert item == {
        "id": item["id"], "type": "custom_tool_call", "call_id": "call_b", "name": "sql",
        "input": "SELECT 1\n", "status": "completed",
    }  # fmt: skip
    assert item["id"].startswith("ctc_")
    second = asked(alice, [CUSTOM_OUTPUT], tools=[CUSTOM_TOOL], previous_response_id=first["id"])
    assert model.asked[-1][1:] == [
        {"role": "assistant", "content": "", "tool_calls": [CUSTOM]},
        {"role": "tool", "content": "1", "tool_call_id": "call_b"},
    ]
    [given] = get(alice, second["id"], "input_items").json()["data"]
    assert given == {**CUSTOM_OUTPUT, "id": given["id"], "status": "completed"}
    assert given["id"].startswith("ctco_")


def test_a_custom_tools_call_is_streamed(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(tool_calls=[CUSTOM], finish_reason="tool_calls"))
    read = events(ask(alice, "How many?", tools=[CUSTOM_TOOL], stream=True))
    _, _, added, delta, done, ended, _ = read
    assert (added["item"]["type"], added["item"]["input"]) == ("custom_tool_call", "")
    assert delta["type"] == "response.custom_tool_call_input.delta"
    assert done == {
        "type": "response.custom_tool_call_input.done", "sequence_number": 4,
        "item_id": added["item"]["id"], "output_index": 0, "input": "SELECT 1\n",
    }  # fmt: skip
    assert ended["item"]["input"] == "SELECT 1\n"


def test_the_names_of_allowed_tools_are_those_that_are_sent(alice: Person, server: ModelServer):
    tool = TOOL | {"name": "files.find"}
    choice = {"type": "allowed_tools", "mode": "auto",
              "tools": [{"type": "function", "name": "files.find"}]}  # fmt: skip
    asked(alice, tools=[tool], tool_choice=choice)
    [sent] = [each for each in server.requests if "tools" in each]
    [offered] = sent["tools"]
    [allowed] = sent["tool_choice"]["allowed_tools"]["tools"]
    assert allowed["function"]["name"] == offered["function"]["name"] != "files.find"


def test_a_servers_call_of_a_custom_tool_comes_in_pieces(alice: Person, server: ModelServer):
    begins = {"index": 0, "id": "c9", "type": "custom", "custom": {"name": "sql", "input": "{}"}}
    goes_on = {"index": 0, "custom": {"input": " SELECT"}}
    server.answers = [
        model_server.sends_events(
            {"choices": [{"index": 0, "delta": {"tool_calls": [begins]}}]},
            {"choices": [{"index": 0, "delta": {"tool_calls": [goes_on]}}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
            "[DONE]",
        )
    ]
    [item] = asked(alice, tools=[CUSTOM_TOOL])["output"]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "sql", "{} SELECT")
