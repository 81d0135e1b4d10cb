"""The same request again: by the package's own repeats, and under a key."""

from datetime import timedelta
from typing import Any

import pytest

from sessions_app.domain.errors import ProviderError
from sessions_app.domain.sessions.identifiers import uuid7_floor
from tests.conftest import Person
from tests.openai_api.calls import leave
from tests.openai_api.responses.calls import ask, asked, get, repeat, said, session_of, text
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import Threads

pytestmark = pytest.mark.usefixtures("no_encoder")

KEY = {"Idempotency-Key": "k1"}


def test_a_repeat_gets_the_response_that_was_lost(
    alice: Person, model: ScriptedModel, database: Any
):
    first = ask(alice)
    assert repeat(alice).json() == first.json()
    assert repeat(alice, count=2).json() == first.json()
    assert database.sessions.count_documents({}) == 1
    assert len(model.asked) == 1


def test_a_repeat_in_a_chain_gets_the_response_that_was_lost(alice: Person, model: ScriptedModel):
    first = ask(alice, "One?")
    behind = {"previous_response_id": first.json()["id"]}
    second = ask(alice, "Two?", **behind)
    assert repeat(alice, "Two?", **behind).json() == second.json()
    fork = ask(alice, "Three?", **behind)
    assert session_of(fork) != session_of(first)
    again = repeat(alice, "Three?", **behind)
    assert (again.json(), session_of(again)) == (fork.json(), session_of(fork))
    assert len(model.asked) == 3


def test_a_repeat_in_a_conversation_gets_the_response_that_was_lost(
    alice: Person, session: Any, model: ScriptedModel
):
    where = {"conversation": session["session_id"]}
    first = ask(alice, **where)
    assert repeat(alice, **where).json() == first.json()
    assert len(said(alice, session["session_id"])) == 2


def test_the_same_words_are_a_new_request(alice: Person, model: ScriptedModel, database: Any):
    for _ in range(2):
        ask(alice)
    assert database.sessions.count_documents({}) == 2


def test_a_repeat_is_not_of_a_session_long_ago(alice: Person, model: ScriptedModel, database: Any):
    ask(alice)
    [creation] = database.creations.find()
    database.creations.delete_many({})
    prefix, _, _ = creation["_id"].partition("/")
    ago = uuid7_floor(creation["made_at"] - timedelta(seconds=200))
    database.creations.insert_one({**creation, "_id": f"{prefix}/{ago}"})
    repeat(alice)
    assert database.sessions.count_documents({}) == 2


def test_a_repeat_after_a_failure_runs_without_a_second_question(
    alice: Person, model: ScriptedModel
):
    model.scripts.append(Script("One", error=ProviderError()))
    assert ask(alice).status_code == 502
    again = repeat(alice)
    assert text(again.json()) == "Well."
    assert said(alice, session_of(again)) == [("user", "Hello?"), ("assistant", "Well.")]
    [item] = get(alice, again.json()["id"], "input_items").json()["data"]
    assert item["content"][0]["text"] == "Hello?"


def test_a_key_stands_for_one_request(alice: Person, model: ScriptedModel, database: Any):
    first = ask(alice, headers=KEY)
    assert ask(alice, headers=KEY).json() == first.json()
    other = ask(alice, "Something else?", headers=KEY)
    assert (other.status_code, other.json()["error"]["code"]) == (422, "idempotency_mismatch")
    assert database.sessions.count_documents({}) == 1
    assert len(model.asked) == 1


def test_a_key_is_its_users(alice: Person, bob: Person, model: ScriptedModel):
    first, second = ask(alice, headers=KEY), ask(bob, headers=KEY)
    assert first.json()["id"] != second.json()["id"]
    assert len(model.asked) == 2


def test_a_key_stands_for_one_fork(alice: Person, model: ScriptedModel, database: Any):
    first = asked(alice, "One?")
    asked(alice, "Two?", previous_response_id=first["id"])
    fork = ask(alice, "Three?", previous_response_id=first["id"], headers=KEY)
    again = ask(alice, "Three?", previous_response_id=first["id"], headers=KEY)
    assert again.json() == fork.json()
    assert database.sessions.count_documents({}) == 2


def test_a_key_in_a_conversation_stands_for_one_turn(
    alice: Person, session: Any, model: ScriptedModel
):
    where = {"conversation": session["session_id"]}
    first = ask(alice, headers=KEY, **where)
    ask(alice, "And?", **where)
    assert ask(alice, headers=KEY, **where).json() == first.json()
    assert len(said(alice, session["session_id"])) == 4


@pytest.mark.mongod("writers at the same moment")
def test_parallel_first_requests_of_a_key_are_one_response(
    alice: Person, model: ScriptedModel, database: Any
):
    with Threads(8) as pool:
        answers = list(pool.map(lambda _: ask(alice, headers=KEY), range(8)))
    assert {answer.json()["id"] for answer in answers} == {answers[0].json()["id"]}
    assert database.sessions.count_documents({}) == 1
    assert len(model.asked) == 1


def test_a_client_that_hangs_up_ends_nothing(alice: Person, model: ScriptedModel):
    script = Script("One two ", "three", gates=[1])
    model.scripts.append(script)
    answer = ask(alice, stream=True)
    next(iter(answer.streaming_content))
    answer._iterator.close()
    leave(answer)
    script.open()
    assert text(repeat(alice).json()) == "One two three"
    assert len(model.asked) == 1
