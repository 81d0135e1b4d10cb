"""`store: false`: the same answer, and nothing is kept."""

from typing import Any

import pytest

from sessions_app.domain.errors import ProviderError
from sessions_app.providers import Thought
from tests.conftest import Person
from tests.openai_api.responses.calls import ask, asked, events, get, kinds, said, session_of, text
from tests.services.turns.scripted import Script, ScriptedModel

pytestmark = pytest.mark.usefixtures("no_encoder")


def test_nothing_is_kept(alice: Person, model: ScriptedModel, database: Any):
    answer = ask(alice, "Hello?", store=False, instructions="Be brief.")
    assert (text(answer.json()), answer.json()["store"]) == ("Well.", False)
    assert session_of(answer) == "none"
    assert model.asked == [[
        {"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello?"},
    ]]  # fmt: skip
    assert get(alice, answer.json()["id"]).status_code == 404
    assert database.sessions.count_documents({}) == database.turns.count_documents({}) == 0


def test_it_is_streamed_alike(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(Thought("Let me see."), "One two"))
    read = events(ask(alice, store=False, stream=True))
    assert kinds(read)[-1] == "completed"
    assert [event["sequence_number"] for event in read] == list(range(len(read)))
    assert text(read[-1]["response"]) == "One two"


def test_a_conversation_is_read_and_not_changed(alice: Person, session: Any, model: ScriptedModel):
    where = {"conversation": session["session_id"]}
    asked(alice, "One?", **where)
    asked(alice, "Two?", store=False, **where)
    assert [message["content"] for message in model.asked[-1]] == ["One?", "Well.", "Two?"]
    assert len(said(alice, session["session_id"])) == 2


def test_it_is_behind_the_response_that_it_names(alice: Person, model: ScriptedModel):
    first = asked(alice, "One?")
    asked(alice, "Two?", previous_response_id=first["id"])
    asked(alice, "Three?", previous_response_id=first["id"], store=False)
    assert [message["content"] for message in model.asked[-1]] == ["One?", "Well.", "Three?"]


def test_a_failure_has_its_status(alice: Person, model: ScriptedModel):
    model.scripts.append(Script(error=ProviderError()))
    assert ask(alice, store=False).status_code == 502


def test_a_window_that_does_not_fit_is_refused(alice: Person, session: Any, model: ScriptedModel):
    answer = ask(alice, "word " * 6_000, store=False, conversation=session["session_id"],
                 truncation="disabled")  # fmt: skip
    assert answer.status_code == 400, answer.content
    assert model.asked == []
