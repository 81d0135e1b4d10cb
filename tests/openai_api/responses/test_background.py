"""`background`, cancelling, and deleting."""

import time
from typing import Any

import pytest

from tests.conftest import Person
from tests.openai_api.responses.calls import URL, ask, asked, events, get, kinds, said, text
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")


def cancel(person: Person, response_id: str) -> Any:
    return person.client.post(f"{URL}/{response_id}/cancel")


def delete(person: Person, response_id: str) -> Any:
    return person.client.delete(f"{URL}/{response_id}")


def ended(person: Person, response_id: str) -> dict[str, Any]:
    """The response when it has ended."""
    for _ in range(500):
        body: dict[str, Any] = get(person, response_id).json()
        if body["status"] not in {"queued", "in_progress"}:
            return body
        time.sleep(0.02)
    raise AssertionError("it has not ended")


@pytest.mark.mongod("a turn is read while it runs")
def test_it_answers_at_once_and_goes_on(alice: Person, model: ScriptedModel):
    script = Script("One", " two", gates=[0])
    model.scripts.append(script)
    body = asked(alice, background=True)
    assert body["status"] in {"queued", "in_progress"}
    assert (body["background"], body["output"]) == (True, [])
    script.open()
    done = ended(alice, body["id"])
    assert (done["status"], text(done), done["background"]) == ("completed", "One two", True)


def test_it_may_be_streamed(alice: Person, model: ScriptedModel):
    read = events(ask(alice, background=True, stream=True))
    assert kinds(read)[-1] == "completed"
    assert read[0]["response"]["background"] is True


def test_it_is_kept(alice: Person, model: ScriptedModel):
    answer = ask(alice, background=True, store=False)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "background"


def test_a_cancelled_response_keeps_what_was_said(alice: Person, model: ScriptedModel):
    script = Script("One two ", "three", gates=[1])
    model.scripts.append(script)
    answer = ask(alice, background=True)
    response_id = answer.json()["id"]
    assert script.started.wait(30)
    body = cancel(alice, response_id).json()
    assert body["status"] == "cancelled"
    assert body["usage"] is None
    again = cancel(alice, response_id)
    assert (again.status_code, again.json()) == (200, body)
    assert get(alice, response_id).json() == body


def test_cancelling_what_is_done_says_how_it_ended(alice: Person, model: ScriptedModel):
    body = asked(alice)
    assert cancel(alice, body["id"]).json() == body


def test_a_stream_of_a_cancelled_response_ends(alice: Person, model: ScriptedModel):
    script = Script("One two ", "three", gates=[1])
    model.scripts.append(script)
    response_id = asked(alice, background=True)["id"]
    assert script.started.wait(30)
    cancel(alice, response_id)
    read = events(get(alice, response_id, stream="true"))
    assert read[-1]["type"] == "response.incomplete"
    assert read[-1]["response"]["status"] == "cancelled"


def test_a_deleted_response_is_gone_with_its_session(
    alice: Person, model: ScriptedModel, database: Any
):
    response_id = asked(alice)["id"]
    assert delete(alice, response_id).json() == {
        "id": response_id, "object": "response", "deleted": True,
    }  # fmt: skip
    assert get(alice, response_id).status_code == 404
    assert delete(alice, response_id).status_code == 404
    assert ask(alice, previous_response_id=response_id).status_code == 404
    assert database.sessions.count_documents({}) == database.turns.count_documents({}) == 0


def test_a_deleted_response_takes_its_words_out_of_the_chain(alice: Person, model: ScriptedModel):
    first = ask(alice, "One?")
    second = asked(alice, "Two?", previous_response_id=first.json()["id"])
    delete(alice, first.json()["id"])
    asked(alice, "Three?", previous_response_id=second["id"])
    assert [message["content"] for message in model.asked[-1]] == ["Two?", "Well.", "Three?"]
    session_id = first.headers["X-Session-Id"]
    assert [content for _, content in said(alice, session_id)][:2] == ["", ""]


def test_the_words_of_a_conversation_stay(alice: Person, session: Any, model: ScriptedModel):
    body = asked(alice, conversation=session["session_id"])
    delete(alice, body["id"])
    assert get(alice, body["id"]).status_code == 404
    assert said(alice, session["session_id"]) == [("user", "Hello?"), ("assistant", "Well.")]


def test_a_response_in_progress_is_stopped_and_deleted(
    alice: Person, model: ScriptedModel, database: Any
):
    script = Script("One two ", "three", gates=[1])
    model.scripts.append(script)
    response_id = asked(alice, background=True)["id"]
    assert script.started.wait(30)
    assert delete(alice, response_id).status_code == 200
    assert database.sessions.count_documents({}) == 0


def test_under_legal_hold_it_stays(alice: Person, model: ScriptedModel, database: Any):
    body = asked(alice)
    database.sessions.update_one({}, {"$set": {"legal_hold": True}})
    answer = delete(alice, body["id"])
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "legal_hold")
    assert get(alice, body["id"]).json() == body


@pytest.mark.parametrize(
    ("parts", "query", "param"),
    [
        ([], {"starting": "1"}, "starting"),
        ([], {"stream": "yes"}, "stream"),
        ([], {"include_obfuscation": "1"}, "include_obfuscation"),
        ([], {"stream": "true", "starting_after": "-1"}, "starting_after"),
        ([], {"include": "message.output_text.logprobs"}, "include.0"),
        (["input_items"], {"before": "msg_1"}, "before"),
        (["input_items"], {"limit": "101"}, "limit"),
        (["input_items"], {"order": "up"}, "order"),
        (["input_items"], {"after": "msg_1"}, "after"),
    ],
)
def test_a_query_that_cannot_be_taken_is_refused_by_name(
    alice: Person, model: ScriptedModel, parts: list[str], query: dict[str, str], param: str
):
    answer = get(alice, asked(alice)["id"], *parts, **query)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


@pytest.mark.parametrize(
    "query",
    [{"include_obfuscation": "false"}, {"include[]": "reasoning.encrypted_content"},
     {"stream": "false"}],
)  # fmt: skip
def test_a_query_of_the_package_is_taken(alice: Person, model: ScriptedModel, query: Any):
    response = asked(alice)
    assert get(alice, response["id"], **query).json() == response
