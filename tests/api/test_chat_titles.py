"""Titles of sessions that had none."""

from typing import Any

import pytest

from sessions_app import providers
from sessions_app.services.turns import taking as turns
from tests.api.bodies import path
from tests.conftest import Person
from tests.services.turns.api import chat, read
from tests.services.turns.scripted import ScriptedModel


def test_a_session_gets_one_from_its_first_question(
    alice: Person, session: Any, model: ScriptedModel
):
    chat(alice, session, "Hi! Which hotels in Lisbon take dogs? I have two.")
    assert read(alice, session)["title"] == "Which hotels in Lisbon take dogs?"


def test_a_greeting_is_replaced_by_nothing_until_there_is_more(
    alice: Person, session: Any, model: ScriptedModel
):
    chat(alice, session, "Hello")
    assert read(alice, session)["title"] == "Hello"


@pytest.mark.parametrize("title", ["Lisbon", "x" * 200])
def test_a_persons_own_is_never_touched(
    alice: Person, create: Any, model: ScriptedModel, title: str
):
    session = create(title=title)
    chat(alice, session)
    assert read(alice, session)["title"] == title


def test_one_that_a_person_gave_later_is_not_either(
    alice: Person, session: Any, model: ScriptedModel
):
    chat(alice, session, "Which hotels?")
    alice.client.patch(path(session), {"title": "Mine"})
    chat(alice, session, "And in Porto?")
    assert read(alice, session)["title"] == "Mine"


def test_it_goes_with_the_message_that_it_quotes(alice: Person, session: Any, model: ScriptedModel):
    chat(alice, session, "My secret plan")
    assert read(alice, session)["title"] == "My secret plan"
    alice.client.delete(path(session, "messages", 1))
    assert read(alice, session)["title"] == ""


def test_a_persons_own_stays_when_messages_are_erased(
    alice: Person, session: Any, model: ScriptedModel
):
    chat(alice, session, "My secret plan")
    alice.client.patch(path(session), {"title": "Mine"})
    alice.client.delete(path(session, "messages", 1))
    assert read(alice, session)["title"] == "Mine"


@pytest.fixture
def naming(model: ScriptedModel, monkeypatch: pytest.MonkeyPatch) -> ScriptedModel:
    """A model that also names sessions."""
    monkeypatch.setattr(providers, "configured", lambda: model)
    return model


def test_a_configured_model_names_it_afterwards_once(
    alice: Person, session: Any, naming: ScriptedModel
):
    for _ in range(2):
        chat(alice, session, "Which hotels in Lisbon take dogs?")
    turns.turns_shut_down(seconds=10)
    assert read(alice, session)["title"] == "A fine title"
    assert len(naming.asked) == 3


@pytest.mark.parametrize("answer", ["", "\n\n", "word " * 60, "One\nTwo\nThree\nFour"])
def test_an_answer_that_is_no_title_changes_nothing(
    alice: Person, session: Any, naming: ScriptedModel, monkeypatch: Any, answer: str
):
    completion = providers.Completion(answer, None, None, "m")
    monkeypatch.setattr(naming, "complete", lambda *_, **__: completion)
    chat(alice, session, "Which hotels?")
    turns.turns_shut_down(seconds=10)
    assert read(alice, session)["title"] == "Which hotels?"
