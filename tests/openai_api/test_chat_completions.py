"""`POST /v1/chat/completions` in a session, answered as a whole."""

from typing import Any

import pytest

from sessions_app import documents
from tests.api.bodies import UNKNOWN, path
from tests.conftest import Person
from tests.openai_api.calls import (
    NO_SESSION,
    URL,
    assistant,
    complete,
    error,
    said,
    stored,
    text,
    user,
)
from tests.services.turns.scripted import Script, ScriptedModel

CALL = {"id": "call_1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
CUSTOM = {"id": "call_1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}


def test_it_stores_the_question_and_the_reply_and_answers_as_openai_does(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script("Three", " that I know of."))
    response = complete(alice, session, "Which hotels take dogs?")
    body = response.json()
    [asked, reply] = stored(alice, session)
    turn = reply["generation"]["turn_id"]
    assert body == {
        "id": f"chatcmpl-{turn.removeprefix('turn_')}",
        "object": "chat.completion",
        "created": body["created"],
        "model": "scripted-1",
        "choices": [
            {
                "index": 0,
                "message": {
                    "role": "assistant", "content": "Three that I know of.", "refusal": None,
                },
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 2, "total_tokens": 22},
    }  # fmt: skip
    assert (asked["role"], asked["content"]) == ("user", "Which hotels take dogs?")
    assert (reply["role"], reply["content"]) == ("assistant", "Three that I know of.")


@pytest.mark.parametrize("prefix", ["", "conv_"])
@pytest.mark.parametrize("place", ["session_id", "metadata", "header"])
def test_the_session_is_named_in_three_ways(
    alice: Person, session: Any, model: ScriptedModel, place: str, prefix: str
):
    named = prefix + session["session_id"]
    body = {"model": "gulf", "messages": [user("Hello?")]}
    more = {"session_id": {"session_id": named}, "metadata": {"metadata": {"session_id": named}}}
    headers = {"X-Session-Id": named} if place == "header" else {}
    response = alice.client.post(URL, body | more.get(place, {}), headers=headers)
    assert text(response) == "Well."
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]


def test_two_sessions_are_one_too_many(alice: Person, session: Any, model: ScriptedModel):
    response = complete(alice, session, "Hello?", headers={"X-Session-Id": UNKNOWN})
    assert (response.status_code, response.json()) == (
        400, error("Two sessions are named.", "unsupported_value", "X-Session-Id"),
    )  # fmt: skip


def test_the_model_is_sent_the_stored_conversation(
    alice: Person, create: Any, model: ScriptedModel
):
    session = create(
        system_prompt="You plan trips.",
        messages=[{"content": "My dog is Rufus."}, {"role": "assistant", "content": "Noted."}],
    )
    complete(alice, session, "Who?")
    assert [(m["role"], m["content"]) for m in model.asked[0]] == [
        ("system", "You plan trips."),
        ("user", "My dog is Rufus."),
        ("assistant", "Noted."),
        ("user", "Who?"),
    ]


@pytest.mark.parametrize("call", [CALL, CUSTOM])
def test_tool_calls_are_stored_and_their_results_taken(
    alice: Person, session: Any, model: ScriptedModel, call: Any
):
    model.scripts.append(Script(finish_reason="tool_calls", tool_calls=[call]))
    first = complete(alice, session, "Find it.").json()["choices"][0]
    assert first["finish_reason"] == "tool_calls"
    assert first["message"] == {
        "role": "assistant", "content": None, "refusal": None, "tool_calls": [call],
    }  # fmt: skip
    result = {"role": "tool", "tool_call_id": "call_1", "content": "Found."}
    assert text(complete(alice, session, result)) == "Well."
    assert [m["role"] for m in model.asked[1]] == ["user", "assistant", "tool"]
    assert model.asked[1][1]["tool_calls"] == [call]
    assert [(m["role"], m["tool_calls"], m["tool_call_id"]) for m in stored(alice, session)] == [
        ("user", None, None),
        ("assistant", [call], None),
        ("tool", None, "call_1"),
        ("assistant", None, None),
    ]


def test_parameters_go_to_the_model(alice: Person, session: Any, model: ScriptedModel):
    options = {
        "temperature": 0.5, "top_p": 1, "seed": 7, "stop": ["."], "tool_choice": "auto",
        "tools": [{"type": "function", "function": {"name": "find"}}],
        "response_format": {"type": "json_object"}, "vendor_option": {"a": [1]},
    }  # fmt: skip
    complete(alice, session, "Hello?", **options, max_completion_tokens=9, n=1, user=None)
    assert model.calls == [{"model": "gulf", "max_tokens": 9, "options": options}]


def test_instructions_hold_for_the_call_alone(alice: Person, create: Any, model: ScriptedModel):
    session = create(system_prompt="You plan trips.")
    for told in ("Be brief.", "Be long."):
        system = {"role": "developer", "content": told}
        complete(alice, session, system, {"role": "system", "content": "You plan trips."}, told)
    assert [(m["role"], m["content"]) for m in model.asked[1]] == [
        ("system", "You plan trips.\n\nBe long."),
        ("user", "Be brief."),
        ("assistant", "Well."),
        ("user", "Be long."),
    ]
    assert [m["role"] for m in stored(alice, session)] == [
        "system", "user", "assistant", "user", "assistant",
    ]  # fmt: skip


def test_instructions_count_against_the_budget(alice: Person, create: Any, model: ScriptedModel):
    session = create(
        context_policy={"max_tokens": 100, "strategy": "recent"},
        messages=[{"content": f"word {n} " * 5} for n in range(20)],
    )
    complete(alice, session, "Hello?")
    complete(alice, session, {"role": "system", "content": "brief " * 60}, "Hello again?")
    assert len(model.asked[1]) < len(model.asked[0])
    turns = list(documents.Turn.objects.order_by("pk").as_pymongo())
    assert all(turn["seen"]["token_count"] <= 100 for turn in turns)
    assert turns[1]["seen"]["token_count"] > 60


def test_instructions_beyond_the_budget_are_an_error_and_the_question_is_kept(
    alice: Person, create: Any, model: ScriptedModel
):
    session = create(context_policy={"max_tokens": 64})
    told = {"role": "system", "content": "brief " * 200}
    response = complete(alice, session, told, "Hello?")
    assert response.status_code == 400
    found = response.json()["error"]
    assert (found["code"], found["param"]) == ("context_length_exceeded", "max_tokens")
    assert said(alice, session) == [("user", "Hello?")]


def test_text_in_parts_is_joined(alice: Person, session: Any, model: ScriptedModel):
    parts = [{"type": "text", "text": "One"}, {"type": "text", "text": "two"}]
    complete(alice, session, {"role": "user", "content": parts})
    assert said(alice, session)[0] == ("user", "One\ntwo")


def test_where_the_server_gave_no_counts_they_are_ours(alice: Person, session: Any, server: Any):
    from tests.model_server import streams

    server.answers = [streams("One", " two", usage=False)] * 2
    usage = complete(alice, session, "Hello?").json()["usage"]
    [asked, reply, *_] = stored(alice, session)
    assert usage == {
        "prompt_tokens": asked["token_count"] + 4,
        "completion_tokens": reply["token_count"],
        "total_tokens": asked["token_count"] + 4 + reply["token_count"],
    }


def test_to_a_stranger_the_session_does_not_exist(
    alice: Person, bob: Person, carol: Person, session: Any, model: ScriptedModel
):
    for stranger in (bob, carol):
        answers = [
            complete(stranger, {"session_id": one}, "Hello?", headers={"Idempotency-Key": "k"})
            for one in (session["session_id"], UNKNOWN)
        ]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].json() == NO_SESSION
        assert answers[0].content == answers[1].content
        assert answers[0].headers == answers[1].headers
    assert stored(alice, session) == []
    assert model.asked == []


def test_a_reply_of_the_page_is_part_of_the_conversation(
    alice: Person, session: Any, model: ScriptedModel
):
    alice.client.post(path(session, "chat"), {"content": "From the page."})
    history = [user("From the page."), assistant("Well."), user("From a client.")]
    complete(alice, session, *history)
    assert said(alice, session) == [
        ("user", "From the page."), ("assistant", "Well."),
        ("user", "From a client."), ("assistant", "Well."),
    ]  # fmt: skip
