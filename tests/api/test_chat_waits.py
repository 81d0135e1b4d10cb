"""`X-Turn-Wait`: requests that wait behind a session's turn, in the order in which they came."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app.http.departure import ENVIRON_KEY, Departure
from tests.api.bodies import invalid, path
from tests.conftest import Person, error
from tests.openai_api.calls import complete
from tests.openai_api.calls import text as text_of
from tests.services.turns import events
from tests.services.turns.api import chat, read, regenerate, said, stream
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import Threads

pytestmark = pytest.mark.mongod("writers at the same moment")

Asking = Callable[..., "Future[Any]"]
WAITING = {"X-Turn-Wait": "60"}


@pytest.fixture
def running(alice: Person, session: Any, model: ScriptedModel) -> Iterator[Script]:
    """A turn of which one word has been heard."""
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    events.until(stream(alice, session, "First?", client_id="first"), "delta")
    yield script
    script.open()


@pytest.fixture
def line(session: Any, database: Any) -> Callable[[int], None]:
    """Wait until so many requests wait for the session."""

    def until(length: int) -> None:
        for _ in range(1_500):
            stored = database.sessions.find_one({"_id": session["session_id"]})
            if len(stored.get("turn_queue", [])) == length:
                return
            time.sleep(0.02)
        pytest.fail(f"{stored.get('turn_queue')} wait, not {length}")

    return until


@pytest.fixture
def threads() -> Iterator[Threads]:
    with Threads(8) as pool:
        yield pool


@pytest.fixture
def ask(alice: Person, session: Any, threads: Threads) -> Asking:
    """Ask on a thread of its own, and wait."""

    def asking(content: str, **more: Any) -> "Future[Any]":
        return threads.submit(
            alice.client.post, path(session, "chat"), {"content": content},
            **({"headers": WAITING} | more),
        )  # fmt: skip

    return asking


def test_six_at_once_are_answered_in_the_order_in_which_they_came(
    alice: Person, session: Any, running: Script, ask: Asking, line: Any
):
    asked = []
    for number in range(1, 6):
        asked.append(ask(f"Question {number}?"))
        line(number)
    running.open()

    answers = [each.result() for each in asked]

    assert [answer.status_code for answer in answers] == [200] * 5
    assert said(alice, session) == [
        ("user", "First?"), ("assistant", "One two"),
        *(each for number in range(1, 6)
          for each in (("user", f"Question {number}?"), ("assistant", "Well."))),
    ]  # fmt: skip
    line(0)


def test_the_body_says_it_as_the_header_does(
    alice: Person, session: Any, running: Script, threads: Threads, line: Any
):
    body = {"content": "Second?", "wait": 60}
    asked = threads.submit(alice.client.post, path(session, "chat"), body)
    line(1)
    running.open()
    assert asked.result().json()["assistant_message"]["seq"] == 4


def test_so_do_a_stream_and_a_regeneration(
    alice: Person, session: Any, running: Script, threads: Threads, line: Any
):
    streamed = threads.submit(
        alice.client.post, path(session, "chat"), {"content": "Second?", "stream": True},
        headers=WAITING,
    )  # fmt: skip
    line(1)
    again = threads.submit(
        alice.client.post, path(session, "chat", "regenerate"), {}, headers=WAITING
    )
    line(2)
    running.open()
    assert b"".join(streamed.result().streaming_content).endswith(b'{"state":"done"}\n\n')
    assert again.result().json()["assistant_message"]["generation"]["reply_to"] == 3


def test_completions_wait_too(
    alice: Person, session: Any, running: Script, threads: Threads, line: Any
):
    asked = threads.submit(complete, alice, session, "Second?", headers=WAITING)
    line(1)
    running.open()
    assert text_of(asked.result()) == "Well."
    assert said(alice, session)[2:] == [("user", "Second?"), ("assistant", "Well.")]


def test_responses_wait_too(
    alice: Person, session: Any, running: Script, threads: Threads, line: Any
):
    body = {"input": "Second?", "conversation": f"conv_{session['session_id']}"}
    asked = threads.submit(alice.client.post, "/v1/responses", body, headers=WAITING)
    line(1)
    running.open()
    assert asked.result().json()["status"] == "completed"
    assert said(alice, session)[2:] == [("user", "Second?"), ("assistant", "Well.")]


def test_whoever_does_not_wait_passes_nobody_in_the_line(
    alice: Person, session: Any, database: Any, model: ScriptedModel
):
    # As between two turns: nobody has the session, and somebody waits for it.
    waits = {"id": "turn_next", "until": datetime.now(UTC) + timedelta(seconds=60)}
    where = {"_id": session["session_id"]}
    database.sessions.update_one(where, {"$set": {"turn_queue": [waits]}})

    for response in (chat(alice, session), regenerate(alice, session)):
        assert response.status_code in {409, 422}
        assert response.json()["errors"][0]["code"] in {"turn_in_progress", "nothing_to_answer"}

    assert read(alice, session)["message_count"] == 0


def test_the_wait_ends_with_a_409_after_its_time(
    alice: Person, session: Any, running: Script, line: Any
):
    response = alice.client.post(
        path(session, "chat"), {"content": "Second?"}, headers={"X-Turn-Wait": "1"}
    )
    assert response.status_code == 409
    assert response.json() == error(
        "turn_in_progress", "The session was not free within 1 seconds."
    )
    assert response.headers["Retry-After"] == "2"
    line(0)
    assert read(alice, session)["message_count"] == 1


def test_no_more_wait_than_the_setting_says(
    alice: Person, session: Any, running: Script, ask: Asking, line: Any, settings: Any
):
    settings.TURN_WAITERS_MAX = 1
    waits = ask("Second?")
    line(1)

    refused = alice.client.post(path(session, "chat"), {"content": "Third?"}, headers=WAITING)

    assert (refused.status_code, refused.json()) == (409, error(
        "turn_in_progress", "Another turn is in progress, and 1 requests wait for it already."
    ))  # fmt: skip
    running.open()
    assert waits.result().status_code == 200


def test_a_client_that_hangs_up_leaves_the_line(
    alice: Person, session: Any, running: Script, ask: Asking, line: Any
):
    departure = Departure()
    left = ask("Never mind.", **{ENVIRON_KEY: departure})
    line(1)
    stays = ask("Second?")
    line(2)

    departure.leave()
    line(1)
    running.open()

    assert left.result().status_code == 409
    assert stays.result().status_code == 200
    assert [text for role, text in said(alice, session) if role == "user"] == ["First?", "Second?"]


def test_a_place_of_a_worker_that_died_holds_nobody_up(
    alice: Person, session: Any, database: Any, model: ScriptedModel
):
    gone = {"id": "turn_gone", "until": datetime.now(UTC) - timedelta(seconds=1)}
    where = {"_id": session["session_id"]}
    for headers in ({}, WAITING):
        database.sessions.update_one(where, {"$set": {"turn_queue": [gone]}})
        body = {"content": "Hello?"}
        answer = alice.client.post(path(session, "chat"), body, headers=headers)
        assert answer.status_code == 200


def test_a_repeat_gets_its_turn_at_once_and_does_not_wait(
    alice: Person, session: Any, running: Script, threads: Threads
):
    body = {"content": "First?", "client_id": "first"}
    asked = threads.submit(alice.client.post, path(session, "chat"), body, headers=WAITING)
    running.open()
    assert asked.result().json()["assistant_message"]["seq"] == 2


def test_a_session_deleted_meanwhile_is_not_waited_for(
    alice: Person, session: Any, running: Script, ask: Asking, line: Any
):
    asked = ask("Second?")
    line(1)
    assert alice.client.delete(path(session)).status_code == 204
    assert asked.result().status_code == 404


@pytest.mark.parametrize("seconds", ["", "-1", "1.5", "soon", "121", "9" * 30, "１"])
def test_it_refuses_what_is_no_time_to_wait(
    alice: Person, session: Any, model: ScriptedModel, seconds: str
):
    response = alice.client.post(
        path(session, "chat"), {"content": "Hello?"}, headers={"X-Turn-Wait": seconds}
    )
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "X-Turn-Wait"
    assert model.asked == []


def test_a_body_and_a_header_that_differ_are_refused(
    alice: Person, session: Any, model: ScriptedModel
):
    response = alice.client.post(
        path(session, "chat"), {"content": "Hello?", "wait": 2}, headers={"X-Turn-Wait": "3"}
    )
    assert response.json() == invalid("wait", "The header X-Turn-Wait says another time.")
