"""Leases that run out, are taken over, or cannot be renewed: who has the session, and the reply."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app import event_loop
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.repository.turns import leases
from sessions_app.services.turns import settling, starting, taking
from sessions_app.services.turns import worker as turn_worker
from sessions_app.services.turns.turn import stored
from sessions_app.services.turns.worker import Worker
from tests.api.bodies import path
from tests.conftest import Person, person
from tests.faults.replica_set import ReplicaSet
from tests.services.turns import events
from tests.services.turns.api import attach, chat, read, said, stream
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import Threads, wait_until


@pytest.fixture
def session(create: Any) -> Any:
    return create()


@pytest.fixture
def script(alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch):
    """A turn of which one word has been heard, whose worker renews its lease no more."""
    monkeypatch.setattr(turn_worker, "TURN_RENEW_SECONDS", 3_600.0)
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    events.until(stream(alice, session, client_id="k"), "delta")
    return script


@pytest.fixture
def lapse(session: Any, database: Any) -> Callable[[], None]:
    """Let the lease run out, and have the sweep pass."""

    def let_run_out() -> None:
        past = datetime.now(UTC) - timedelta(seconds=1)
        where = {"_id": session["session_id"]}
        changed = database.sessions.update_one(where, {"$set": {"turn.deadline": past}})
        assert changed.modified_count == 1
        database.turns.update_many({}, {"$set": {"deadline": past}})
        settling.settle_abandoned(now=datetime.now(UTC))

    return let_run_out


def recorded(database: Any) -> Any:
    return database.turns.find_one({"client_id": "k"})


def test_a_lease_that_has_run_out_frees_the_session(
    alice: Person, session: Any, database: Any, script: Script, lapse: Any
):
    lapse()
    assert read(alice, session)["turn_in_progress"] is False
    assert recorded(database)["error_code"] == "turn_interrupted"


def test_the_reply_is_stored_all_the_same_while_nobody_has_taken_the_session(
    alice: Person, session: Any, database: Any, script: Script, lapse: Any, model: ScriptedModel
):
    lapse()
    script.open()
    wait_until(lambda: recorded(database)["state"] == "done")
    assert "error_code" not in recorded(database)
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "One two")]
    again = chat(alice, session, client_id="k")
    assert again.json()["assistant_message"]["content"] == "One two"
    assert len(model.asked) == 1


def test_a_repeat_finds_a_reply_that_its_record_does_not_know_of_yet(
    alice: Person, session: Any, database: Any, script: Script, lapse: Any, model: ScriptedModel
):
    lapse()
    interrupted = recorded(database)
    script.open()
    wait_until(lambda: recorded(database)["state"] == "done")
    # As between the storing of the reply and the record of it.
    database.turns.replace_one({"_id": interrupted["_id"]}, interrupted)
    again = chat(alice, session, client_id="k")
    assert again.json()["assistant_message"]["content"] == "One two"
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "One two")]
    assert len(model.asked) == 1


def test_once_another_turn_has_taken_the_session_it_is_not_stored(
    alice: Person, session: Any, database: Any, script: Script, lapse: Any
):
    first = recorded(database)["_id"]
    lapse()
    assert chat(alice, session, client_id="k").json()["assistant_message"]["content"] == "Well."
    script.open()
    wait_until(lambda: not turn_worker.worker.running)
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]
    assert database.turns.find_one({"_id": first})["error_code"] == "turn_interrupted"


def test_another_turn_that_takes_the_session_ends_the_call(
    alice: Person, session: Any, script: Script, lapse: Any
):
    lapse()
    listening = attach(alice, session, f"{turn_worker.worker.running[0].turn.turn_id}:3")
    assert chat(alice, session, "Something else?").status_code == 200
    found = events.read(listening)
    assert (found[-1].name, found[-1].data["code"]) == ("error", "turn_interrupted")


def test_a_worker_that_was_held_up_renews_its_lease_and_is_followed_again(
    alice: Person,
    session: Any,
    database: Any,
    script: Script,
    lapse: Any,
    monkeypatch: pytest.MonkeyPatch,
):
    lapse()
    monkeypatch.setattr(turn_worker, "TURN_RENEW_SECONDS", 0.0)
    wait_until(lambda: read(alice, session)["turn_in_progress"])
    elsewhere = Worker()
    monkeypatch.setattr(starting, "worker", elsewhere)
    monkeypatch.setattr(taking, "worker", elsewhere)
    with Threads() as pool:
        again = pool.submit(chat, alice, session, client_id="k")
        heard = events.until(attach(alice, session), "delta")
        script.open()
        assert again.result().json()["assistant_message"]["content"] == "One two"
    assert events.text(heard) == "One"
    elsewhere.let_go()


def test_a_renewal_that_fails_is_repeated(
    alice: Person, session: Any, database: Any, script: Script, monkeypatch: pytest.MonkeyPatch
):
    renew, failures = leases.renew, []

    def fails_at_first(turns: Any) -> None:
        if len(failures) < 3:
            failures.append(turns)
            raise StorageUnavailable
        renew(turns)

    monkeypatch.setattr(leases, "renew", fails_at_first)
    where = {"_id": session["session_id"]}
    soon = datetime.now(UTC) + timedelta(seconds=5)
    database.sessions.update_one(where, {"$set": {"turn.deadline": soon}})
    monkeypatch.setattr(turn_worker, "TURN_RENEW_SECONDS", 0.0)
    wait_until(lambda: database.sessions.find_one(where)["turn"]["deadline"] > soon)
    assert len(failures) == 3


def test_nothing_else_that_is_slow_holds_a_renewal_up(
    alice: Person, session: Any, database: Any, script: Script, monkeypatch: pytest.MonkeyPatch
):
    """Watching hangs, and so does every thread that turns have for MongoDB."""
    hangs = event_loop.submit(_never())

    def hang(*_: Any) -> Any:
        hangs.result(60)

    monkeypatch.setattr(leases, "marks", hang)
    blocked = [event_loop.submit(_stored(hang)) for _ in range(20)]
    where = {"_id": session["session_id"]}
    soon = datetime.now(UTC) + timedelta(seconds=5)
    database.sessions.update_one(where, {"$set": {"turn.deadline": soon}})
    monkeypatch.setattr(turn_worker, "TURN_RENEW_SECONDS", 0.0)
    try:
        wait_until(lambda: database.sessions.find_one(where)["turn"]["deadline"] > soon)
    finally:
        hangs.cancel()
        for each in blocked:
            each.exception(10)


async def _never() -> None:
    await asyncio.sleep(60)


async def _stored(query: Any) -> None:
    with suppress(BaseException):
        await stored(query)


def test_a_lease_is_set_and_judged_by_the_clock_of_mongodb(
    alice: Person, session: Any, database: Any, model: ScriptedModel, monkeypatch: Any
):
    """A host that is half a minute early, or late, begins a turn as any other."""
    where = {"_id": session["session_id"]}
    for number, ahead in enumerate((30, -30)):
        script = Script("One", gates=[0])
        model.scripts.append(script)
        moment = datetime.now(UTC) + timedelta(seconds=ahead)
        request = taking.TurnRequest([_draft(f"question {number}")])
        feed = taking.turn_start(
            session_id=session["session_id"], user_id=alice.id, request=request, now=moment
        )
        deadline = database.sessions.find_one(where)["turn"]["deadline"]
        assert timedelta(0) < deadline - datetime.now(UTC) <= timedelta(seconds=15)
        assert chat(alice, session, "Another?").status_code == 409
        settling.settle_abandoned(now=moment)
        script.open()
        assert taking.turn_wait(feed=feed).state == "done"


def _draft(content: str) -> Any:
    return MessageDraft(role=Role.USER, content=content)


def test_a_step_down_of_the_primary_loses_nothing(
    replica_set: ReplicaSet, model: ScriptedModel
) -> None:
    alice = person()
    session = alice.client.post("/session/create", {}).json()
    script = Script("One", " two", " three", gates=[1, 2])
    model.scripts.append(script)
    events.until(stream(alice, session, client_id="k"), "delta")
    replica_set.step_down()
    script.gates[1].set()
    listening = attach(alice, session)
    script.open()
    assert events.text(events.read(listening)) == "One two three"
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "One two three")]
    again = chat(alice, session, client_id="k").json()
    assert again["assistant_message"]["content"] == "One two three"
    assert alice.client.get(path(session)).json()["message_count"] == 2
    assert len(model.asked) == 1
