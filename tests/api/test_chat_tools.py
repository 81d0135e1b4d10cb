"""Tools and parameters of a model on `POST /session/{id}/chat`."""

from typing import Any

import pytest

from tests.api.bodies import path
from tests.conftest import Person
from tests.services.turns import events
from tests.services.turns.api import said
from tests.services.turns.scripted import Script, ScriptedModel

WEATHER = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALL = {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
RESULT = {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"}
PARAMETERS = {
    "tools": [WEATHER],
    "tool_choice": "auto",
    "parallel_tool_calls": False,
    "response_format": {"type": "json_object"},
    "temperature": 0.2,
    "top_p": 1,
    "presence_penalty": -0.5,
    "frequency_penalty": 0,
    "seed": 7,
    "stop": ["\n\n"],
    "logit_bias": {"50256": -100},
    "reasoning_effort": "low",
}


@pytest.fixture
def calls(alice: Person, session: Any, model: ScriptedModel) -> Any:
    """The model has called a tool."""
    model.scripts.append(Script(finish_reason="tool_calls", tool_calls=[CALL]))
    answer = alice.client.post(
        path(session, "chat"), {"content": "Is it warm?", "tools": [WEATHER]}
    )
    assert answer.json()["assistant_message"]["tool_calls"] == [CALL]
    return session


def test_the_parameters_are_passed_on(alice: Person, session: Any, model: ScriptedModel):
    response = alice.client.post(path(session, "chat"), {"content": "Hello?", **PARAMETERS})
    assert response.status_code == 200
    assert model.calls == [{"model": None, "max_tokens": None, "options": PARAMETERS}]


def test_so_are_those_of_a_regeneration(alice: Person, session: Any, model: ScriptedModel):
    alice.client.post(path(session, "chat"), {"content": "Hello?"})
    alice.client.post(path(session, "chat", "regenerate"), {"temperature": 1, "tools": [WEATHER]})
    assert model.calls[1]["options"] == {"temperature": 1, "tools": [WEATHER]}


def test_null_leaves_a_parameter_to_the_server(alice: Person, session: Any, model: ScriptedModel):
    body = {"content": "Hello?", **dict.fromkeys(PARAMETERS)}
    assert alice.client.post(path(session, "chat"), body).status_code == 200
    assert model.calls[0]["options"] == {}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tools", {}), ("tools", [1]), ("tools", [{}]), ("tools", [WEATHER] * 129),
        ("tool_choice", 1), ("tool_choice", ["auto"]), ("temperature", "hot"),
        ("temperature", True), ("top_p", []), ("seed", 1.5), ("stop", 1),
        ("response_format", "json"), ("parallel_tool_calls", "yes"), ("logit_bias", []),
        ("functions", []), ("function_call", "auto"), ("n", 2), ("metadata", {}), ("user", "u"),
    ],
)  # fmt: skip
def test_it_refuses_a_parameter_that_is_wrong_or_unknown(
    alice: Person, session: Any, model: ScriptedModel, name: str, value: Any
):
    response = alice.client.post(path(session, "chat"), {"content": "Hello?", name: value})
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == name
    assert model.asked == []


def test_a_stream_tells_the_calls_before_the_message(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script("Let me see.", finish_reason="tool_calls", tool_calls=[CALL]))
    response = alice.client.post(
        path(session, "chat"), {"content": "Is it warm?", "tools": [WEATHER], "stream": True}
    )
    told = events.read(response)
    assert [event.name for event in told] == ["context", "delta", "tool_calls", "message", "done"]
    assert told[2].data == {"tool_calls": [CALL]}
    assert told[3].data["tool_calls"] == [CALL]
    # Whoever has got the calls and not the message gets the message.
    rest = alice.client.get(path(session, "chat", "stream"), headers={"Last-Event-ID": told[2].id})
    assert [event.name for event in events.read(rest)] == ["tool_calls", "message", "done"]


def test_the_results_come_with_the_next_chat(alice: Person, calls: Any, model: ScriptedModel):
    body = {"messages": [RESULT], "tools": [WEATHER]}
    answer = alice.client.post(path(calls, "chat"), body).json()

    assert (answer["user_message"]["role"], answer["user_message"]["seq"]) == ("tool", 3)
    assert answer["assistant_message"]["content"] == "Well."
    assert model.asked[-1] == [
        {"role": "user", "content": "Is it warm?"},
        {"role": "assistant", "content": "", "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "21 degrees"},
    ]


def test_or_were_posted_as_messages(alice: Person, calls: Any, model: ScriptedModel):
    assert alice.client.post(path(calls, "message"), RESULT).status_code == 201
    answer = alice.client.post(path(calls, "chat"), {"client_id": "go-on"})
    assert answer.json()["assistant_message"]["generation"]["reply_to"] == 3
    again = alice.client.post(path(calls, "chat"), {"client_id": "go-on"})
    assert again.json() == answer.json()
    assert len(model.asked) == 2


def test_or_come_with_what_the_user_says_next(alice: Person, calls: Any, model: ScriptedModel):
    body = {"messages": [RESULT], "content": "And tomorrow?", "client_id": "k"}
    answers = [alice.client.post(path(calls, "chat"), body).json() for _ in range(2)]
    assert answers[0] == answers[1]
    assert [each for each in said(alice, calls) if each[0] != "assistant"] == [
        ("user", "Is it warm?"), ("tool", "21 degrees"), ("user", "And tomorrow?"),
    ]  # fmt: skip


def test_without_anything_to_answer_content_is_required(
    alice: Person, session: Any, append: Any, model: ScriptedModel
):
    append(session, "Hello")
    for body in ({}, {"content": None}, {"tools": [WEATHER]}):
        response = alice.client.post(path(session, "chat"), body)
        assert response.status_code == 400
        assert response.json()["errors"] == [
            {"code": "required", "detail": "This field is required.", "attr": "content"}
        ]


@pytest.mark.parametrize("role", ["assistant", "system"])
def test_only_users_and_tools_say_something_new(
    alice: Person, session: Any, model: ScriptedModel, role: str
):
    body = {"messages": [{"role": role, "content": "Hi"}]}
    response = alice.client.post(path(session, "chat"), body)
    assert response.json()["errors"][0]["attr"] == "messages.0.role"
