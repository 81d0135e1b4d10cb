"""What a user erases is gone: from running streams, from what is told again, from what is asked."""

from typing import Any

import pytest

from sessions_app.domain.errors import ProviderError
from tests.api.bodies import path
from tests.conftest import Person, error
from tests.services.turns import events
from tests.services.turns.api import attach, chat, regenerate, said, stream
from tests.services.turns.scripted import Script, ScriptedModel

SECRET = "My door code is 4711. Where is my key?"
NOTHING = error("nothing_to_answer", "The session has no user message to reply to.")


def erase(person: Person, session: Any, seq: int = 1) -> None:
    assert person.client.delete(path(session, "messages", seq)).status_code == 204


def is_gone(message: dict[str, Any]) -> bool:
    return (message["content"], message["deleted"]) == ("", True)


@pytest.fixture
def running(alice: Person, session: Any, model: ScriptedModel) -> Script:
    """A turn about the secret, of which one word has been heard."""
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    events.until(stream(alice, session, SECRET, client_id="k"), "delta")
    return script


def test_who_takes_the_turn_up_is_not_told_the_question(
    alice: Person, session: Any, running: Script, next_worker: Any
):
    erase(alice, session)
    next_worker()
    response = attach(alice, session)
    running.open()
    found = events.read(response)
    assert events.names(found) == ["context", "delta", "message", "done"]
    assert is_gone(found[0].data["user_message"])
    assert "4711" not in str(found)


def test_nor_is_who_was_about_to_hear_it(alice: Person, session: Any, running: Script):
    response = attach(alice, session)
    erase(alice, session)
    running.open()
    assert is_gone(events.read(response)[0].data["user_message"])


def test_nor_is_a_repeat_while_it_runs(
    alice: Person, session: Any, running: Script, next_worker: Any
):
    erase(alice, session)
    next_worker()
    response = stream(alice, session, SECRET, client_id="k")
    running.open()
    assert "4711" not in str(events.read(response))


@pytest.mark.parametrize("streams", [True, False])
def test_nor_is_a_repeat_afterwards(
    alice: Person, session: Any, model: ScriptedModel, streams: bool
):
    chat(alice, session, SECRET, client_id="k")
    erase(alice, session)
    response = chat(alice, session, SECRET, client_id="k", stream=streams)
    if streams:
        question = events.read(response)[0].data["user_message"]
    else:
        question = response.json()["user_message"]
    assert is_gone(question)
    assert len(model.asked) == 1


def test_nor_is_who_waits_for_the_whole_answer(
    alice: Person, session: Any, model: ScriptedModel, together: Any
):
    script = Script("One", gates=[0])
    model.scripts.append(script)
    waiting = together(chat, alice, session, SECRET, client_id="k")
    assert script.started.wait(30)
    erase(alice, session)
    script.open()
    assert is_gone(waiting.result().json()["user_message"])


def test_a_turn_that_has_shown_it_to_the_model_runs_on(
    alice: Person, session: Any, running: Script
):
    erase(alice, session)
    running.open()
    assert chat(alice, session, SECRET, client_id="k").status_code == 200
    assert said(alice, session) == [("user", ""), ("assistant", "One two")]


def test_an_erased_reply_is_told_no_more_to_who_reads_slowly(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script("The code", " is 4711."))
    response = stream(alice, session, "Which code?", client_id="k")
    assert chat(alice, session, "Which code?", client_id="k").status_code == 200
    erase(alice, session, seq=2)
    found = events.read(response)
    assert "4711" not in str(found)
    assert is_gone(found[-2].data)


@pytest.mark.parametrize("streams", [True, False])
def test_a_failed_turn_without_its_question_is_not_run_again(
    alice: Person, session: Any, model: ScriptedModel, streams: bool
):
    model.scripts.append(Script(error=ProviderError()))
    assert chat(alice, session, SECRET, client_id="k").status_code == 502
    erase(alice, session)
    for _ in range(2):
        response = chat(alice, session, SECRET, client_id="k", stream=streams)
        assert (response.status_code, response.json()) == (409, NOTHING)
    assert len(model.asked) == 1
    assert chat(alice, session, "Something else?").status_code == 200


def test_a_turn_whose_question_goes_before_the_model_is_asked_ends_so_too(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    from sessions_app.services.turns import turn as running_turn

    plan = running_turn.context.context_plan

    def erased_meanwhile(**more: Any) -> Any:
        erase(alice, session)
        return plan(**more)

    monkeypatch.setattr(running_turn.context, "context_plan", erased_meanwhile)
    response = chat(alice, session, SECRET, client_id="k")
    assert (response.status_code, response.json()) == (409, NOTHING)
    assert model.asked == []


def test_without_a_question_nothing_is_regenerated(
    alice: Person, session: Any, model: ScriptedModel
):
    chat(alice, session, SECRET)
    erase(alice, session)
    response = regenerate(alice, session)
    assert (response.status_code, response.json()) == (409, NOTHING)
