"""`POST /v1/responses`: a turn under OpenAI's name for it."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.openai_api.calls import error
from tests.openai_api.responses.calls import URL, ask, asked, get, said, session_of, text
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")


def test_it_answers_with_a_response(alice: Person, model: ScriptedModel):
    answer = ask(alice, "Hello?", metadata={"a": "b"}, temperature=0.5)
    body = answer.json()
    message_id = body["output"][0]["id"]
    session_id = session_of(answer)
    assert answer.status_code == 200
    assert body == {
        "id": body["id"], "object": "response", "created_at": body["created_at"],
        "status": "completed", "background": False, "completed_at": body["completed_at"],
        "error": None, "incomplete_details": None, "instructions": None,
        "max_output_tokens": None, "max_tool_calls": None, "model": "scripted-1",
        "output": [{
            "id": message_id, "type": "message", "role": "assistant", "status": "completed",
            "content": [{"type": "output_text", "text": "Well.", "annotations": []}],
        }],
        "parallel_tool_calls": True, "previous_response_id": None, "conversation": None,
        "prompt_cache_key": None, "prompt_cache_retention": None,
        "reasoning": {"effort": None, "summary": None}, "safety_identifier": None,
        "service_tier": None, "store": True, "temperature": 0.5,
        "text": {"format": {"type": "text"}}, "tool_choice": "auto", "tools": [],
        "top_logprobs": 0, "top_p": None, "truncation": "auto",
        "usage": {
            "input_tokens": 20,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": 1, "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 21,
        },
        "user": None, "metadata": {"a": "b"},
    }  # fmt: skip
    assert said(alice, session_id) == [("user", "Hello?"), ("assistant", "Well.")]
    assert get(alice, body["id"]).json() == body


def test_a_conversation_is_gone_on_with(alice: Person, session: Any, model: ScriptedModel):
    conversation = f"conv_{session['session_id']}"
    first = asked(alice, "One?", conversation=conversation)
    second = asked(alice, "Two?", conversation={"id": conversation})
    assert first["conversation"] == second["conversation"] == {"id": conversation}
    assert [message["content"] for message in model.asked[-1]] == ["One?", "Well.", "Two?"]


def test_a_session_may_be_named_as_for_completions(
    alice: Person, session: Any, model: ScriptedModel
):
    answer = ask(alice, headers={"X-Session-Id": session["session_id"]})
    assert session_of(answer) == session["session_id"]
    assert len(said(alice, session["session_id"])) == 2


def test_instructions_are_for_one_response(alice: Person, model: ScriptedModel):
    first = asked(alice, "One?", instructions="Be brief.")
    asked(alice, "Two?", previous_response_id=first["id"])
    assert model.asked[0][0] == {"role": "system", "content": "Be brief."}
    assert not any(message["role"] == "system" for message in model.asked[1])
    assert get(alice, first["id"]).json()["instructions"] == "Be brief."


def test_items_are_messages(alice: Person, model: ScriptedModel):
    answer = ask(alice, [
        {"role": "developer", "content": "In French."},
        {"role": "user", "content": [{"type": "input_text", "text": "Hello?"}]},
        {"type": "message", "role": "assistant",
         "content": [{"type": "output_text", "text": "Oui.", "annotations": []}]},
        {"role": "user", "content": "And?"},
    ])  # fmt: skip
    assert said(alice, session_of(answer)) == [
        ("system", "In French."), ("user", "Hello?"), ("assistant", "Oui."), ("user", "And?"),
        ("assistant", "Well."),
    ]  # fmt: skip


def test_what_was_cut_off_is_incomplete(alice: Person, model: ScriptedModel):
    model.scripts.append(Script("One", " two", finish_reason="length"))
    body = asked(alice, max_output_tokens=2)
    assert body["status"] == "incomplete"
    assert body["incomplete_details"] == {"reason": "max_output_tokens"}
    assert body["output"][0]["status"] == "incomplete"
    assert (text(body), body["max_output_tokens"]) == ("One two", 2)
    assert model.calls[0]["max_tokens"] == 2


def test_a_failure_has_its_status_and_leaves_a_failed_response(
    alice: Person, model: ScriptedModel, database: Any
):
    from sessions_app.domain.errors import ProviderError
    from sessions_app.domain.responses import ResponseName

    model.scripts.append(Script(error=ProviderError()))
    answer = ask(alice)
    assert answer.status_code == 502
    [turn] = database.turns.find()
    session_id, _, turn_id = turn["_id"].partition("/")
    body = get(alice, str(ResponseName(session_id, turn_id))).json()
    assert body["status"] == "failed"
    assert body["error"] == {"code": "server_error", "message": "The model's server failed."}
    assert body["output"] == []


def test_a_stranger_gets_what_an_unknown_id_gets(
    alice: Person, bob: Person, session: Any, model: ScriptedModel
):
    response_id = asked(alice)["id"]
    missing = error("No such response.", "not_found")
    for answer in (
        get(bob, response_id),
        get(bob, response_id, "input_items"),
        get(bob, response_id, stream="true"),
        bob.client.post(f"{URL}/{response_id}/cancel"),
        bob.client.delete(f"{URL}/{response_id}"),
        get(alice, "resp_" + "0" * 64),
        get(alice, "resp_1"),
    ):
        assert (answer.status_code, answer.json()) == (404, missing)
    unknown = ask(bob, previous_response_id=response_id)
    assert unknown.status_code == 404
    assert unknown.json() == error(
        f"Previous response with id '{response_id}' not found.",
        "previous_response_not_found",
        "previous_response_id",
    )
    named = ask(bob, conversation=f"conv_{session['session_id']}")
    assert (named.status_code, named.json()) == (404, error("No such session.", "not_found"))


def test_its_input_is_listed(alice: Person, model: ScriptedModel):
    body = asked(alice, [{"role": "user", "content": "One."}, {"role": "user", "content": "Two?"}])
    listed = get(alice, body["id"], "input_items").json()
    assert [item["content"][0]["text"] for item in listed["data"]] == ["Two?", "One."]
    first = get(alice, body["id"], "input_items", order="asc", limit=1).json()
    assert (first["data"][0]["content"][0]["text"], first["has_more"]) == ("One.", True)
    rest = get(alice, body["id"], "input_items", order="asc", after=first["last_id"]).json()
    assert [item["content"][0]["text"] for item in rest["data"]] == ["Two?"]
    assert rest["has_more"] is False
