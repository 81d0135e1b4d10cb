"""`POST /session/{id}/chat/cancel`."""

from typing import Any

from tests.api.bodies import EXPIRED, NO_TOKEN, path
from tests.conftest import Person
from tests.services.turns import events
from tests.services.turns.api import attach, cancel, chat, read, said, stream
from tests.services.turns.scripted import Script, ScriptedModel


def test_it_keeps_what_the_model_has_said_marked_as_cancelled(
    alice: Person, session: Any, model: ScriptedModel, next_worker: Any
):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    events.until(stream(alice, session), "delta")
    next_worker()

    response = cancel(alice, session)

    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["state", "assistant_message"]
    assert body["state"] == "cancelled"
    reply = body["assistant_message"]
    assert (reply["seq"], reply["content"]) == (2, "One")
    assert reply["generation"]["finish_reason"] == "cancelled"
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "One")]
    assert read(alice, session)["turn_in_progress"] is False


def test_whoever_listens_is_told(alice: Person, session: Any, model: ScriptedModel):
    model.scripts.append(Script("One", " two", gates=[1]))
    events.until(stream(alice, session), "delta")
    listening = attach(alice, session)
    cancel(alice, session)
    found = events.read(listening)
    assert events.names(found) == ["context", "delta", "message", "done"]
    assert found[-1].data == {"state": "cancelled"}


def test_before_the_first_word_nothing_is_stored(alice: Person, session: Any, model: ScriptedModel):
    model.scripts.append(Script("One", gates=[0]))
    events.until(stream(alice, session), "context")
    assert cancel(alice, session).json() == {"state": "cancelled", "assistant_message": None}
    assert said(alice, session) == [("user", "Hello?")]
    assert chat(alice, session, "And now?").status_code == 200


def test_the_next_turn_sees_the_partial_reply(alice: Person, session: Any, model: ScriptedModel):
    model.scripts.append(Script("One", " two", gates=[1]))
    events.until(stream(alice, session), "delta")
    cancel(alice, session)
    chat(alice, session, "Go on.")
    assert [message["content"] for message in model.asked[-1]] == ["Hello?", "One", "Go on."]


def test_without_a_turn_there_is_nothing_to_stop(alice: Person, session: Any):
    response = cancel(alice, session)
    assert (response.status_code, response.content) == (204, b"")


def test_it_is_hidden_from_strangers(hidden: Any):
    hidden("post", "chat", "cancel")


def test_it_needs_a_token(anybody: Any, session: Any):
    response = anybody.post(path(session, "chat", "cancel"))
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_an_expired_session_has_none(alice: Person, session: Any, expire: Any):
    expire(session)
    response = cancel(alice, session)
    assert (response.status_code, response.json()) == (410, EXPIRED)
