"""`previous_response_id`: a chain is a session, and behind an older response a fork begins."""

from typing import Any

import pytest

from tests.conftest import Person
from tests.openai_api.calls import error
from tests.openai_api.responses.calls import ask, asked, get, said, session_of
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")


def test_the_newest_response_is_gone_on_with_in_its_session(alice: Person, model: ScriptedModel):
    first = ask(alice, "One?")
    second = ask(alice, "Two?", previous_response_id=first.json()["id"])
    assert session_of(second) == session_of(first)
    assert second.json()["previous_response_id"] == first.json()["id"]
    assert [message["content"] for message in model.asked[-1]] == ["One?", "Well.", "Two?"]
    assert len(said(alice, session_of(first))) == 4


def test_behind_an_older_response_a_fork_begins(alice: Person, model: ScriptedModel):
    first = ask(alice, "One?")
    second = ask(alice, "Two?", previous_response_id=first.json()["id"])
    other = ask(alice, "Three?", previous_response_id=first.json()["id"])
    assert session_of(other) not in {session_of(first), session_of(second)}
    assert [message["content"] for message in model.asked[-1]] == ["One?", "Well.", "Three?"]
    assert len(said(alice, session_of(first))) == 4
    again = ask(alice, "Four?", previous_response_id=other.json()["id"])
    assert session_of(again) == session_of(other)
    # All of them can still be read.
    for answer in (first, second, other, again):
        assert get(alice, answer.json()["id"]).json() == answer.json()


def test_what_others_have_said_since_begins_a_fork(alice: Person, model: ScriptedModel):
    first = ask(alice, "One?")
    alice.client.post(f"/session/{session_of(first)}/message", {"content": "By the way."})
    second = ask(alice, "Two?", previous_response_id=first.json()["id"])
    assert session_of(second) != session_of(first)
    assert [message["content"] for message in model.asked[-1]] == ["One?", "Well.", "Two?"]


@pytest.mark.mongod("a turn in progress")
def test_a_response_in_progress_cannot_be_continued(alice: Person, model: ScriptedModel):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    running = asked(alice, background=True)
    answer = ask(alice, "Two?", previous_response_id=running["id"])
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "turn_in_progress"
    assert answer.headers["Retry-After"] == "2"


def test_a_turn_in_progress_holds_the_conversation(
    alice: Person, session: Any, model: ScriptedModel
):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    conversation = f"conv_{session['session_id']}"
    asked(alice, conversation=conversation, background=True)
    answer = ask(alice, "Two?", conversation=conversation)
    assert answer.status_code == 409
    assert answer.json() == error(
        "Another turn is in progress in this session.", "turn_in_progress"
    )
    script.open()


def test_a_conversation_and_a_response_cannot_both_be_named(
    alice: Person, session: Any, model: ScriptedModel
):
    first = asked(alice)
    answer = ask(alice, previous_response_id=first["id"], conversation=session["session_id"])
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "previous_response_id"


def test_a_response_of_a_fork_knows_nothing_of_the_other_branch(
    alice: Person, model: ScriptedModel
):
    first = asked(alice, "One?")
    for number in range(3):
        asked(alice, f"Branch {number}?", previous_response_id=first["id"])
        assert [message["content"] for message in model.asked[-1]] == [
            "One?", "Well.", f"Branch {number}?",
        ]  # fmt: skip
