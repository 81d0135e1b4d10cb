"""`X-Session-Store: none`: the window is read for a side call, and nothing is stored."""

from typing import Any

import pytest

from tests.api.bodies import invalid, path
from tests.conftest import Person
from tests.openai_api.calls import complete, user
from tests.openai_api.calls import text as text_of
from tests.services.turns import events
from tests.services.turns.api import stream
from tests.services.turns.scripted import Script, ScriptedModel

ASIDE = {"X-Session-Store": "none"}


@pytest.fixture
def told(create: Any) -> Any:
    """A session with a prompt and something that was said."""
    return create(system_prompt="You plan trips.", messages=[{"content": "I have a dog."}])


@pytest.fixture
def unchanged(database: Any) -> Any:
    """Everything that a turn could have changed."""

    def everything() -> Any:
        names = ("sessions", "message_buckets", "turns")
        return {name: list(database[name].find().sort("_id", 1)) for name in names}

    return everything


SENT = [
    {"role": "system", "content": "You plan trips."},
    {"role": "user", "content": "I have a dog."},
    {"role": "user", "content": "Is this harmful?"},
]


def test_chat_answers_behind_the_window_and_stores_nothing(
    alice: Person, told: Any, model: ScriptedModel, unchanged: Any
):
    before = unchanged()

    response = alice.client.post(
        path(told, "chat"), {"content": "Is this harmful?", "model": "guard"}, headers=ASIDE
    )

    assert model.asked == [SENT]
    body = response.json()
    assert (response.status_code, body["user_message"]) == (200, None)
    reply = body["assistant_message"]
    assert (reply["seq"], reply["content"]) == (0, "Well.")
    assert body["context"]["kept"] == 3
    assert unchanged() == before


def test_so_does_a_stream(alice: Person, told: Any, model: ScriptedModel, unchanged: Any):
    before = unchanged()
    response = alice.client.post(
        path(told, "chat"), {"content": "Is this harmful?", "stream": True}, headers=ASIDE
    )
    names = [event.name for event in events.read(response)]
    assert names == ["context", "delta", "message", "done"]
    assert (model.asked, unchanged()) == ([SENT], before)


def test_so_do_completions_also_with_the_history(
    alice: Person, told: Any, model: ScriptedModel, unchanged: Any
):
    before = unchanged()
    asked = ["I have a dog.", "Is this harmful?"]
    for messages in ([asked[-1]], [{"role": "system", "content": "You plan trips."}, *asked]):
        response = complete(alice, told, *messages, headers=ASIDE)
        assert text_of(response) == "Well."
        assert response.headers["X-Session-Id"] == told["session_id"]
    assert model.asked == [SENT, SENT]
    assert unchanged() == before


def test_so_do_responses(alice: Person, told: Any, model: ScriptedModel, unchanged: Any):
    before = unchanged()
    for named in ({"conversation": f"conv_{told['session_id']}"}, {}):
        headers = ASIDE | ({} if named else {"X-Session-Id": told["session_id"]})
        body = {"input": "Is this harmful?", **named}
        answer = alice.client.post("/v1/responses", body, headers=headers).json()
        assert (answer["status"], answer["store"]) == ("completed", False)
    assert (model.asked, unchanged()) == ([SENT, SENT], before)


def test_it_needs_no_lease_while_a_turn_is_in_progress(
    alice: Person, session: Any, model: ScriptedModel
):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    events.until(stream(alice, session, "First?", client_id="first"), "delta")

    aside = alice.client.post(path(session, "chat"), {"content": "Is it safe?"}, headers=ASIDE)

    assert aside.json()["assistant_message"]["content"] == "Well."
    script.open()


def test_no_session_is_made_for_it(alice: Person, model: ScriptedModel, database: Any):
    headers = ASIDE | {"X-Session-Id": "trip-42", "X-Session-Create": "1"}
    body = {"model": "gulf", "messages": [user("Hello?")]}
    assert alice.client.post("/v1/chat/completions", body, headers=headers).status_code == 404
    headers["X-Session-Id"] = "new"
    assert alice.client.post("/v1/chat/completions", body, headers=headers).status_code == 400
    assert database.sessions.count_documents({}) == 0
    assert model.asked == []


def test_it_is_hidden_from_strangers(bob: Person, told: Any, model: ScriptedModel):
    response = bob.client.post(path(told, "chat"), {"content": "Hello?"}, headers=ASIDE)
    assert (response.status_code, model.asked) == (404, [])


def test_an_expired_session_is_not_read(
    alice: Person, told: Any, expire: Any, model: ScriptedModel
):
    expire(told)
    response = alice.client.post(path(told, "chat"), {"content": "Hello?"}, headers=ASIDE)
    assert (response.status_code, model.asked) == (410, [])


@pytest.mark.parametrize("value", ["all", "", "no", "none, none"])
def test_it_refuses_another_value(alice: Person, told: Any, model: ScriptedModel, value: str):
    response = alice.client.post(
        path(told, "chat"), {"content": "Hello?"}, headers={"X-Session-Store": value}
    )
    assert response.json() == invalid("X-Session-Store", "Expected none.")
    assert model.asked == []


def test_a_regeneration_stores_what_it_replaces(alice: Person, told: Any, model: ScriptedModel):
    response = alice.client.post(path(told, "chat", "regenerate"), {}, headers=ASIDE)
    assert response.json() == invalid("X-Session-Store", "What is to be replaced is stored.")


def test_it_needs_something_to_answer(alice: Person, told: Any, model: ScriptedModel):
    response = alice.client.post(path(told, "chat"), {}, headers=ASIDE)
    assert response.json() == invalid("content", "This field is required.", "required")
