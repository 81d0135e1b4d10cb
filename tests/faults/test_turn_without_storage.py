"""MongoDB goes away while a turn runs: what has been paid for is stored when it is back."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from sessions_app.domain.errors import StorageUnavailable
from sessions_app.repository.turns import leases
from sessions_app.repository.turns import records as turns
from sessions_app.services.turns import Slot
from sessions_app.services.turns import turn as running_turn
from sessions_app.services.turns.worker import worker
from tests.conftest import Person, error
from tests.services.turns import events
from tests.services.turns.api import chat, read, said, stream
from tests.services.turns.scripted import Script, ScriptedModel

UNAVAILABLE = error(
    "storage_unavailable", "Storage is unavailable at the moment; try again.", kind="server_error"
)


@pytest.fixture
def session(create: Any) -> Any:
    return create()


def away(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, times: int) -> None:
    """Let a query fail so many times, as it does when no primary answers."""
    original: Callable[..., Any] = getattr(module, name)
    left = threading.Semaphore(times)

    def query(*args: Any, **kwargs: Any) -> Any:
        if left.acquire(blocking=False):
            raise StorageUnavailable
        return original(*args, **kwargs)

    monkeypatch.setattr(module, name, query)


def test_the_reply_is_stored_when_storage_is_back(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(running_turn, "_STORE_PAUSE_SECONDS", 0.01)
    away(monkeypatch, leases, "store_reply", 3)
    assert chat(alice, session, client_id="k").status_code == 200
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]


def test_when_it_stays_away_the_turn_fails_and_can_be_repeated(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(running_turn, "STORE_SECONDS", 0)
    away(monkeypatch, leases, "store_reply", 1)
    response = chat(alice, session, client_id="k")
    assert (response.status_code, response.json()) == (503, UNAVAILABLE)
    assert chat(alice, session, client_id="k").status_code == 200
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]


def test_an_answer_that_got_lost_does_not_store_the_reply_twice(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    """The write was done, and the connection broke before it was acknowledged."""
    monkeypatch.setattr(running_turn, "_STORE_PAUSE_SECONDS", 0.01)
    original = leases.store_reply
    calls: list[Any] = []

    def stored_but_not_told(**kwargs: Any) -> Any:
        done = original(**kwargs)
        calls.append(done)
        if len(calls) == 1:
            raise StorageUnavailable
        return done

    monkeypatch.setattr(leases, "store_reply", stored_but_not_told)
    assert chat(alice, session, client_id="k").json()["assistant_message"]["seq"] == 2
    assert [one.id for one in calls] == [calls[0].id] * 2
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]


def test_a_reply_whose_end_could_not_be_recorded_is_there_all_the_same(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    away(monkeypatch, turns, "finish", 1)
    first = chat(alice, session, client_id="k")
    assert first.status_code == 200
    assert read(alice, session)["turn_in_progress"] is False


def test_a_turn_goes_on_when_nobody_can_be_told_how_far_it_is(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    for module, name in ((turns, "write_progress"), (leases, "marks"), (leases, "renew")):
        away(monkeypatch, module, name, 5)
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    events.until(stream(alice, session, client_id="k"), "delta")
    script.open()
    assert chat(alice, session, client_id="k").status_code == 200


def test_a_turn_that_could_not_be_recorded_leaves_the_session_to_the_next(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    away(monkeypatch, turns, "insert", 1)
    response = chat(alice, session, client_id="k")
    assert (response.status_code, response.json()) == (503, UNAVAILABLE)
    assert model.asked == []
    assert chat(alice, session, client_id="k").status_code == 200
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]


def test_a_turn_that_the_event_loop_does_not_take_leaves_session_and_slot_to_the_next(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: Any) -> None:
        raise RuntimeError("Event loop is closed")

    taken = Slot.taken()
    with monkeypatch.context() as patch:
        patch.setattr(worker, "launch", refuse)
        assert chat(alice, session, client_id="k").status_code == 500
    assert Slot.taken() == taken
    assert read(alice, session)["turn_in_progress"] is False
    assert chat(alice, session, client_id="k").status_code == 200
    assert said(alice, session) == [("user", "Hello?"), ("assistant", "Well.")]


def test_a_mistake_of_ours_is_told_as_no_more_than_that(
    alice: Person, session: Any, model: ScriptedModel, caplog: pytest.LogCaptureFixture
):
    model.scripts.append(Script(error=ValueError("a detail")))
    response = chat(alice, session, client_id="k")
    expected = error("error", "A server error occurred.", kind="server_error")
    expected["request_id"] = response.headers["X-Request-Id"]
    assert (response.status_code, response.json()) == (500, expected)
    # The log names the kind and the place; words of an exception may be somebody's.
    assert "ValueError" in caplog.text
    assert chat(alice, session, client_id="k").status_code == 200
