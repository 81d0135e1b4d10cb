"""`GET /session/{id}/chat/stream`: taking a turn up where it was left."""

from typing import Any

import pytest

from sessions_app import event_loop
from sessions_app.domain.errors import ProviderTimeout, StorageUnavailable
from sessions_app.domain.window import WindowBudgetError
from sessions_app.providers import Thought
from sessions_app.repository.turns import leases
from sessions_app.services.turns import fanout, starting
from sessions_app.services.turns.worker import Worker, worker
from tests.api.bodies import EXPIRED, NO_TOKEN, path
from tests.conftest import Person
from tests.services.turns import events
from tests.services.turns.api import attach, stream
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import Threads, in_time, wait_until


def begun(
    alice: Person,
    session: dict[str, Any],
    model: ScriptedModel,
    script: Script,
    until: str = "delta",
) -> Any:
    """A turn whose first piece, or event, has been received; then the client hung up."""
    model.scripts.append(script)
    return events.until(stream(alice, session), until)


def test_it_tells_the_whole_turn_in_progress(
    alice: Person, session: dict[str, Any], model: ScriptedModel, next_worker: Any
):
    script = Script("One", " two", gates=[1])
    seen = begun(alice, session, model, script)
    next_worker()

    response = attach(alice, session)
    script.open()
    found = events.read(response)

    assert events.names(found) == ["context", "delta", "message", "done"]
    assert found[0] == seen[0]
    assert events.text(found) == "One two"
    assert found[-2].data["content"] == "One two"


def test_it_goes_on_behind_the_last_event_without_a_character_lost_or_doubled(
    alice: Person, session: dict[str, Any], model: ScriptedModel, next_worker: Any
):
    script = Script("Öne 🦉", " twö", " three", gates=[1, 2])
    seen = begun(alice, session, model, script)
    next_worker()

    response = attach(alice, session, seen[-1].id)
    script.open()
    found = events.read(response)

    assert events.names(found) == ["delta", "message", "done"]
    assert events.text(found) == " twö three"


def test_it_is_heard_while_it_is_said_and_written_down_for_nobody_else(
    alice: Person, session: dict[str, Any], model: ScriptedModel, next_worker: Any, database: Any
):
    script = Script("One", " two", gates=[1])
    begun(alice, session, model, script)
    event_loop.run(worker._tell(worker._clocks["tell"]))
    assert "text" not in database.turns.find_one({"session_id": session["session_id"]})
    next_worker()

    heard = events.until(attach(alice, session), "delta")
    script.open()

    assert events.text(heard) == "One"
    assert events.text(events.read(attach(alice, session, heard[-1].id))) == " two"


def test_thoughts_are_told_at_another_worker_while_they_are_thought(
    alice: Person, session: dict[str, Any], model: ScriptedModel, next_worker: Any, database: Any
):
    script = Script(Thought("Hm, "), Thought("yes.", "reasoning"), "One", gates=[1, 2])
    model.scripts.append(script)
    events.until(stream(alice, session), "reasoning")
    next_worker()

    heard = events.until(attach(alice, session), "reasoning")
    assert heard[-1].data == {"text": "Hm, "}
    script.open()
    rest = events.read(attach(alice, session, heard[-1].id))

    assert "".join(e.data["text"] for e in rest if e.name == "reasoning") == "yes."
    assert events.text(rest) == "One"
    assert rest[-2].data["reasoning"] == "Hm, yes."
    record = database.turns.find_one({"session_id": session["session_id"]})
    assert not {"text", "thoughts", "thought_member"} & record.keys()


def test_thoughts_that_were_missed_of_a_turn_that_has_ended_are_told(
    alice: Person, session: dict[str, Any], model: ScriptedModel, next_worker: Any
):
    model.scripts.append(Script(Thought("Hm, yes."), "One"))
    whole = events.read(stream(alice, session))
    next_worker()

    again = events.read(attach(alice, session, f"{whole[0].id}+4"))

    assert [(e.name, e.data) for e in again[:2]] == [
        ("reasoning", {"text": "yes."}), ("delta", {"text": "One"}),
    ]  # fmt: skip


def test_the_field_that_a_failure_names_is_told_at_another_worker(
    alice: Person, session: dict[str, Any], model: ScriptedModel, next_worker: Any
):
    script = Script(gates=[0], error=WindowBudgetError(needed=90, available=80))
    begun(alice, session, model, script, "context")
    next_worker()

    response = attach(alice, session)
    script.open()
    error = events.read(response)[-1]

    assert error.data["code"] == "context_length_exceeded"
    assert error.data["attr"] == "max_tokens"


def test_what_was_missed_of_a_turn_that_has_ended_is_told(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    model.scripts.append(Script("One two"))
    whole = events.read(stream(alice, session))
    turn = whole[0].id.partition(":")[0]

    for last, names, text in (
        (f"{turn}:0", ["delta", "message", "done"], "One two"),
        (f"{turn}:3", ["delta", "message", "done"], " two"),
        (f"{turn}:7", ["message", "done"], ""),
        (f"{turn}:message", ["done"], ""),
    ):
        found = events.read(attach(alice, session, last))
        assert (events.names(found), events.text(found)) == (names, text)
        assert found[-1] == whole[-1]
    assert attach(alice, session, whole[-1].id).status_code == 204


def test_how_it_failed_is_told(alice: Person, session: dict[str, Any], model: ScriptedModel):
    model.scripts.append(Script(error=ProviderTimeout()))
    whole = events.read(stream(alice, session))
    assert events.names(whole) == ["context", "error"]

    found = events.read(attach(alice, session, whole[0].id))

    assert found == whole[1:]
    assert found[0].data == {
        "code": "provider_timeout",
        "detail": "The model's server took too long.",
    }


@pytest.mark.parametrize("last", [None, "nonsense", "turn_unknown:4", ":::", "turn_1:-1", "é:1"])
def test_without_a_turn_there_is_nothing_to_tell(
    alice: Person, session: dict[str, Any], model: ScriptedModel, last: str | None
):
    response = attach(alice, session, last)
    assert (response.status_code, response.content) == (204, b"")


def test_a_turn_of_another_session_is_not_told(alice: Person, create: Any, model: ScriptedModel):
    whole = events.read(stream(alice, create()))
    assert attach(alice, create(), whole[0].id).status_code == 204


def test_it_is_hidden_from_strangers(hidden: Any):
    hidden("get", "chat", "stream")


def test_it_needs_a_token(anybody: Any, session: dict[str, Any]):
    response = anybody.get(path(session, "chat", "stream"))
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_an_expired_session_has_none(alice: Person, session: dict[str, Any], expire: Any):
    expire(session)
    response = attach(alice, session)
    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_an_event_source_may_ask(alice: Person, session: dict[str, Any], model: ScriptedModel):
    script = Script("One", " two", gates=[1])
    begun(alice, session, model, script)
    response = alice.client.get(
        path(session, "chat", "stream"), headers={"Accept": "text/event-stream"}
    )
    script.open()
    assert events.text(events.read(response)) == "One two"


def test_a_position_ahead_of_the_text_goes_on_with_what_follows(
    alice: Person, session: dict[str, Any], model: ScriptedModel, next_worker: Any
):
    script = Script("One", " two", " three", gates=[1, 2])
    turn = begun(alice, session, model, script)[0].id.partition(":")[0]
    next_worker()

    stream = iter(in_time(attach(alice, session, f"{turn}:1000").streaming_content))
    assert next(stream)
    hears = Threads().submit(next, stream)
    # A worker that does not run the turn waits a moment: the client may be ahead of it by right.
    followed = starting.worker._followed
    wait_until(lambda: all(feed.readings > fanout.AHEAD_READINGS for feed in followed))
    assert not hears.done()
    script.gates[1].set()
    heard = events.parse(hears.result())

    assert events.names(heard) == ["delta"]
    assert events.text(heard) == " two"
    script.open()
    rest = events.parse(b"".join(stream))
    assert (events.text(rest), events.names(rest)) == (" three", ["delta", "message", "done"])


def test_a_reader_elsewhere_is_told_although_the_first_mark_for_it_fails(
    alice: Person, session: dict[str, Any], model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    script = Script("One", " two", gates=[1])
    begun(alice, session, model, script)
    monkeypatch.setattr(starting, "worker", Worker())
    follow, calls = leases.follow, []

    def fails_once(**place: Any) -> None:
        calls.append(place)
        if len(calls) == 1:
            raise StorageUnavailable
        follow(**place)

    monkeypatch.setattr(leases, "follow", fails_once)
    heard = events.until(attach(alice, session), "delta")
    script.open()

    assert events.text(heard) == "One"
    assert len(calls) == 2
