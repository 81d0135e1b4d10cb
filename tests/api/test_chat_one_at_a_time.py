"""One turn at a time in a session; everything else goes on."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app import event_loop
from sessions_app.services.turns import Slot
from sessions_app.services.turns import worker as turn_worker
from tests.api.bodies import path
from tests.conftest import Person, error
from tests.services.turns import events
from tests.services.turns.api import chat, read, regenerate, said, stream
from tests.services.turns.scripted import Script, ScriptedModel

BUSY = error("turn_in_progress", "Another turn is in progress in this session.")


@pytest.fixture
def running(alice: Person, session: Any, model: ScriptedModel) -> Script:
    """A turn of which one word has been heard."""
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    events.until(stream(alice, session, "First?", client_id="first"), "delta")
    return script


def finish(script: Script, alice: Person, session: Any) -> None:
    script.open()
    assert chat(alice, session, "First?", client_id="first").status_code == 200


def test_a_second_caller_is_told_to_wait(alice: Person, session: Any, running: Script):
    for response in (chat(alice, session), regenerate(alice, session)):
        assert (response.status_code, response.json()) == (409, BUSY)
        assert response.headers["Retry-After"] == "2"
    assert read(alice, session)["message_count"] == 1


def test_the_session_says_so(alice: Person, session: Any, running: Script):
    assert read(alice, session)["turn_in_progress"] is True
    finish(running, alice, session)
    assert read(alice, session)["turn_in_progress"] is False


def test_its_version_changes_when_the_turn_ends(alice: Person, session: Any, running: Script):
    before = alice.client.get(path(session)).headers["ETag"]
    finish(running, alice, session)
    assert alice.client.get(path(session)).headers["ETag"] != before


def test_messages_appended_by_other_means_land_in_order(
    alice: Person, session: Any, running: Script, append: Any
):
    append(session, "Meanwhile")
    finish(running, alice, session)
    assert said(alice, session) == [
        ("user", "First?"), ("user", "Meanwhile"), ("assistant", "One two"),
    ]  # fmt: skip


def test_another_session_of_the_same_user_is_free(
    alice: Person, create: Any, running: Script, model: ScriptedModel
):
    assert chat(alice, create()).status_code == 200


@pytest.mark.mongod("mongomock answers otherwise")
def test_it_is_freed_when_a_worker_that_died_has_not_renewed_its_lease(
    alice: Person, session: Any, database: Any, model: ScriptedModel
):
    now = datetime.now(UTC)
    lease = {"id": "turn_1", "owner": "gone/1", "deadline": now + timedelta(seconds=15)}
    where = {"_id": session["session_id"]}
    database.sessions.update_one(where, {"$set": {"turn": lease}})
    assert chat(alice, session).json() == BUSY

    database.sessions.update_one(where, {"$set": {"turn.deadline": now}})

    assert read(alice, session)["turn_in_progress"] is False
    assert chat(alice, session).status_code == 200


@pytest.mark.mongod("mongomock answers otherwise")
def test_a_turn_that_is_running_renews_its_lease(
    alice: Person, session: Any, running: Script, database: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(turn_worker, "TURN_RENEW_SECONDS", 0)
    where = {"_id": session["session_id"]}
    soon = datetime.now(UTC) + timedelta(seconds=2)
    database.sessions.update_one(where, {"$set": {"turn.deadline": soon}})
    for _ in range(500):
        if database.sessions.find_one(where)["turn"]["deadline"] > soon + timedelta(seconds=5):
            return
        time.sleep(0.02)
    pytest.fail("the lease was not renewed")


def test_a_session_does_not_time_out_during_a_turn(
    alice: Person, create: Any, database: Any, model: ScriptedModel
):
    session = create(ttl_seconds=1)
    script = Script("One", gates=[0])
    model.scripts.append(script)
    events.until(stream(alice, session, client_id="k"), "context")
    stored = database.sessions.find_one({"_id": session["session_id"]})
    assert stored["expires_at"] >= stored["turn"]["deadline"]
    script.open()
    assert chat(alice, session, client_id="k").status_code == 200


def test_a_session_archived_during_a_turn_still_gets_the_reply(
    alice: Person, session: Any, running: Script, archive: Any, database: Any
):
    archive(session)
    finish(running, alice, session)
    found = read(alice, session)
    assert (found["status"], found["turn_in_progress"]) == ("archived", False)
    assert found["expires_at"] is None
    assert said(alice, session)[-1] == ("assistant", "One two")


def test_a_session_deleted_during_a_turn_takes_everything_along(
    alice: Person, session: Any, running: Script, database: Any
):
    assert alice.client.delete(path(session)).status_code == 204
    running.open()
    for turn in turn_worker.worker.running:
        assert event_loop.run(turn.feed.ended(10))
    for collection in ("sessions", "turns", "message_buckets"):
        assert database[collection].count_documents({}) == 0


def test_a_fork_is_in_no_turn(alice: Person, session: Any, running: Script, model: ScriptedModel):
    fork = alice.client.post(path(session, "fork"), {}).json()
    assert fork["turn_in_progress"] is False
    assert chat(alice, fork).status_code == 200


def test_when_too_many_turns_run_nothing_is_stored(
    alice: Person, create: Any, running: Script, settings: Any
):
    settings.TURNS_MAX = Slot.taken()
    session = create()
    response = chat(alice, session)
    assert response.status_code == 503
    assert response.json() == error(
        "too_many_turns", "Too many turns are in progress; try again.", kind="server_error"
    )
    assert response.headers["Retry-After"] == "2"
    assert read(alice, session)["message_count"] == 0
