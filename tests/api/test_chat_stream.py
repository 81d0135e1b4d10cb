"""`POST /session/{id}/chat` with `stream: true`."""

from typing import Any

import pytest

from sessions_app.domain.dialect import Refusal
from sessions_app.domain.errors import (
    ProviderBusy,
    ProviderError,
    ProviderRefused,
)
from tests.api.bodies import path
from tests.conftest import Person
from tests.services.turns import events
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import in_time


def stream(person: Person, session: dict[str, Any], content: str = "Hello?", **more: Any) -> Any:
    return person.client.post(path(session, "chat"), {"content": content, "stream": True, **more})


def test_it_tells_the_context_then_the_reply_then_the_stored_message_and_the_end(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    model.scripts.append(Script("Three", " that", " I know of."))

    found = events.read(stream(alice, session, "Which hotels take dogs?"))

    assert events.names(found) == ["context", "delta", "message", "done"]
    context, message, done = found[0].data, found[-2].data, found[-1].data
    listed = alice.client.get(path(session, "messages")).json()["results"]
    assert context.pop("user_message") == listed[0]
    tokens = listed[0]["token_count"] + 4
    assert context == {
        "token_count": tokens,
        "max_tokens": 4000,
        "strategy": "hybrid",
        "kept": 1,
        "dropped": 0,
        "seqs": [[1, 1]],
        "summary": None,
    }
    assert events.text(found) == "Three that I know of." == message["content"]
    assert message == listed[1]
    assert done == {"state": "done"}


def test_each_event_has_an_id_that_names_its_place(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    found = events.read(stream(alice, session))
    turn = found[-2].data["generation"]["turn_id"]
    assert [event.id for event in found if event.name != "delta"] == [
        f"{turn}:0", f"{turn}:message", f"{turn}:end",
    ]  # fmt: skip
    assert [event.id for event in found if event.name == "delta"][-1] == f"{turn}:{len('Well.')}"


def test_nothing_on_the_way_is_to_keep_or_buffer_it(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    response = stream(alice, session)
    assert response.headers["Content-Type"] == "text/event-stream"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Accel-Buffering"] == "no"
    events.read(response)


def test_a_piece_is_passed_on_before_the_next_one_is_there(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)

    incoming = iter(in_time(stream(alice, session).streaming_content))
    received = b""
    while b"One" not in received:
        received += next(incoming)
    script.open()

    assert b" two" not in received
    assert events.text(events.parse(received + b"".join(incoming))) == "One two"


def test_it_says_when_nothing_happens(
    alice: Person, session: dict[str, Any], model: ScriptedModel, monkeypatch: Any
):
    monkeypatch.setattr("sessions_app.http.event_stream.HEARTBEAT_SECONDS", 0.01)
    script = Script("One", gates=[0])
    model.scripts.append(script)

    incoming = iter(in_time(stream(alice, session).streaming_content))
    assert b": \n\n" in incoming
    script.open()

    assert events.text(events.parse(b"".join(incoming))) == "One"


def test_a_failure_ends_it_with_an_error(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    model.scripts.append(Script("One", error=ProviderError("The model's server broke off.")))

    found = events.read(stream(alice, session))

    assert events.names(found) == ["context", "delta", "error"]
    assert found[-1].data == {"code": "provider_error", "detail": "The model's server broke off."}
    read = alice.client.get(path(session)).json()
    assert [m["role"] for m in read["messages"]] == ["user"]
    assert read["turn_in_progress"] is False


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ProviderRefused(Refusal(400, "No such tool.", "tools", "bad_tool")), 400,
         "provider_refused"),
        (ProviderBusy(Refusal(429, "Slow down."), retry_after=7), 429, "provider_busy"),
    ],
)  # fmt: skip
def test_what_is_refused_before_the_first_words_has_a_status_of_its_own(
    alice: Person,
    session: dict[str, Any],
    model: ScriptedModel,
    error: Exception,
    status: int,
    code: str,
):
    model.scripts += [Script(error=error), Script(error=error)]

    streamed = stream(alice, session)
    whole = alice.client.post(path(session, "chat"), {"content": "Hello?"})

    assert (streamed.status_code, streamed.json()["errors"][0]["code"]) == (status, code)
    assert streamed.json() == whole.json()
    assert streamed.headers.get("Retry-After") == whole.headers.get("Retry-After")
    read = alice.client.get(path(session)).json()
    assert [m["role"] for m in read["messages"]] == ["user", "user"]
    assert read["turn_in_progress"] is False


def test_a_stream_opens_while_the_model_is_still_silent(
    alice: Person, session: dict[str, Any], model: ScriptedModel, monkeypatch: Any
):
    monkeypatch.setattr("sessions_app.api.chat.BEGINNING_SECONDS", 0.01)
    script = Script(gates=[0], error=ProviderRefused(Refusal(400, "Too late.")))
    model.scripts.append(script)

    response = stream(alice, session)
    script.open()
    found = events.read(response)

    assert response.status_code == 200
    assert events.names(found) == ["context", "error"]
    assert (found[-1].data["code"], found[-1].data["status"]) == ("provider_refused", 400)


def test_the_turn_goes_on_when_the_client_hangs_up(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)

    events.until(stream(alice, session, client_id="k"), "delta")
    script.open()

    again = alice.client.post(path(session, "chat"), {"content": "Hello?", "client_id": "k"})
    assert again.json()["assistant_message"]["content"] == "One two"
    assert len(model.asked) == 1


def test_a_repeat_streams_the_same_turn_again(
    alice: Person, session: dict[str, Any], model: ScriptedModel
):
    first = events.read(stream(alice, session, client_id="k"))
    again = events.read(stream(alice, session, client_id="k"))
    assert [(event.id, event.data) for event in again if event.name != "delta"] == [
        (event.id, event.data) for event in first if event.name != "delta"
    ]
    assert events.text(again) == events.text(first)
    assert len(model.asked) == 1
