"""The same `client_id` again: one question, one model call, one reply."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app.domain.errors import ProviderError
from tests.api.bodies import OTHER_BODY, path
from tests.conftest import Person
from tests.services.turns import events
from tests.services.turns.api import cancel, chat, read, regenerate, said, stream
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import Threads, wait_until


def test_it_answers_as_the_first_time(alice: Person, session: Any, model: ScriptedModel):
    first = chat(alice, session, client_id="k")
    again = chat(alice, session, client_id="k")
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(model.asked) == 1
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]


def test_it_does_so_when_much_has_been_said_since(
    alice: Person, session: Any, fill: Any, model: ScriptedModel, other_worker: Any
):
    first = chat(alice, session, client_id="k").json()
    fill(session, 150)
    other_worker()
    again = chat(alice, session, client_id="k").json()
    assert again["user_message"]["id"] == first["user_message"]["id"]
    assert again["assistant_message"]["id"] == first["assistant_message"]["id"]
    assert len(model.asked) == 1


@pytest.mark.mongod("turns that meet")
def test_it_waits_for_the_turn_in_progress(alice: Person, session: Any, model: ScriptedModel):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    seen = events.until(stream(alice, session, client_id="k"), "delta")
    with Threads() as pool:
        again = pool.submit(chat, alice, session, client_id="k")
        script.open()
        body = again.result().json()
    assert body["assistant_message"]["content"] == "One two"
    assert seen[0].id.startswith(body["assistant_message"]["generation"]["turn_id"])
    assert len(model.asked) == 1


@pytest.mark.parametrize(
    "other",
    [{"content": "Bye?"}, {"model": "other"}, {"max_tokens": 7}],
    ids=["content", "model", "max_tokens"],
)
def test_another_body_is_refused(alice: Person, session: Any, model: ScriptedModel, other: Any):
    chat(alice, session, client_id="k")
    response = chat(alice, session, **{"client_id": "k", **other})
    assert (response.status_code, response.json()) == (422, OTHER_BODY)
    assert len(model.asked) == 1


def test_after_a_failure_it_runs_again_without_a_second_question(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script("One", error=ProviderError()))
    assert chat(alice, session, client_id="k").status_code == 502

    again = chat(alice, session, client_id="k")

    assert again.status_code == 200
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]
    assert chat(alice, session, client_id="k").json() == again.json()
    assert len(model.asked) == 2


def test_a_failed_question_is_answered_as_it_stood_then(
    alice: Person, session: Any, append: Any, model: ScriptedModel
):
    model.scripts.append(Script(error=ProviderError()))
    chat(alice, session, "Which hotels?", client_id="k")
    append(session, "Never mind.")

    reply = chat(alice, session, "Which hotels?", client_id="k").json()["assistant_message"]

    assert model.asked[-1] == [{"role": "user", "content": "Which hotels?"}]
    assert (reply["seq"], reply["generation"]["reply_to"]) == (3, 1)


def test_a_question_that_was_only_appended_is_answered(
    alice: Person, session: Any, append: Any, model: ScriptedModel
):
    append(session, "Hello?", client_id="k")
    assert chat(alice, session, client_id="k").status_code == 200
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]


def test_a_cancelled_turn_is_not_run_again(alice: Person, session: Any, model: ScriptedModel):
    model.scripts.append(Script("One", gates=[0]))
    events.until(stream(alice, session, client_id="k"), "context")
    assert cancel(alice, session).json() == {"state": "cancelled", "assistant_message": None}

    again = chat(alice, session, client_id="k").json()

    assert (again["user_message"]["seq"], again["assistant_message"]) == (1, None)
    assert len(model.asked) == 1


def test_many_at_once_make_one_turn(alice: Person, session: Any, model: ScriptedModel):
    model.scripts.append(Script("One", " two", gates=[0]))
    with Threads(8) as pool:
        waiting = [pool.submit(chat, alice, session, client_id="k") for _ in range(8)]
        wait_until(lambda: model.played)
        model.played[0].open()
        bodies = [each.result().json() for each in waiting]
    assert all(body == bodies[0] for body in bodies)
    assert len(model.asked) == 1
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "One two")]


def test_one_session_key_is_another_session_none(alice: Person, create: Any, model: ScriptedModel):
    for session in (create(), create()):
        assert chat(alice, session, client_id="k").status_code == 200
    assert len(model.asked) == 2


def test_a_regeneration_has_keys_of_its_own(alice: Person, session: Any, model: ScriptedModel):
    chat(alice, session, client_id="k")
    assert regenerate(alice, session, client_id="k").json() == OTHER_BODY
    first = regenerate(alice, session, client_id="r")
    again = regenerate(alice, session, client_id="r")
    assert (again.status_code, again.json()) == (200, first.json())
    assert len(model.asked) == 2
    assert read(alice, session)["message_count"] == 3


@pytest.mark.mongod("turns that meet")
def test_a_turn_whose_worker_died_is_run_again_when_its_lease_is_over(
    alice: Person, session: Any, append: Any, model: ScriptedModel, database: Any
):
    """As a kill leaves it: the question, the lease, and the record with a piece of the reply."""
    append(session, "Hello?", client_id="k")
    past = datetime.now(UTC) - timedelta(seconds=5)
    lease = {"id": "turn_1", "owner": "gone/1", "deadline": past, "client_id": "k"}
    database.sessions.update_one({"_id": session["session_id"]}, {"$set": {"turn": lease}})
    first = chat(alice, session, "Something else", client_id="other").json()
    turn_id = first["assistant_message"]["generation"]["turn_id"]
    record = database.turns.find_one({"_id": f"{session['session_id']}/{turn_id}"})
    database.turns.insert_one(
        record
        | {
            "_id": f"{session['session_id']}/turn_1",
            "state": "running",
            "client_id": "k",
            "user_seq": 1,
            "deadline": past,
            "text": "Once upon",
        }
    )

    again = chat(alice, session, client_id="k")

    assert again.status_code == 200
    assert again.json()["assistant_message"]["generation"]["reply_to"] == 1
    assert [role for role, _ in said(alice, session)] == ["user", "user", "assistant", "assistant"]
    gone = database.turns.find_one({"_id": f"{session['session_id']}/turn_1"})
    assert (gone["state"], gone["error_code"]) == ("failed", "turn_interrupted")
    assert "text" not in gone


def test_a_reply_that_was_stored_before_its_worker_died_is_not_paid_for_again(
    alice: Person, session: Any, model: ScriptedModel, database: Any
):
    first = chat(alice, session, client_id="k").json()
    past = datetime.now(UTC) - timedelta(seconds=5)
    database.turns.update_one(
        {"client_id": "k"},
        {
            "$set": {"state": "running", "deadline": past, "text": "Well."},
            "$unset": {"assistant_seq": 1, "ended_at": 1},
        },
    )
    again = chat(alice, session, client_id="k").json()
    assert again["assistant_message"] == first["assistant_message"]
    assert len(model.asked) == 1
    assert database.turns.find_one({"client_id": "k"})["state"] == "done"
    assert alice.client.get(path(session, "chat", "stream")).status_code == 204
