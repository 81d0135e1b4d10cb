"""The same request again: by the package's own repeats, and under a key."""

from datetime import timedelta
from typing import Any

import pytest

from sessions_app.domain.errors import ProviderError
from sessions_app.repository import log
from sessions_app.services.turns import completions
from tests.conftest import Person
from tests.openai_api.calls import (
    BUSY,
    complete,
    error,
    lines,
    repeat,
    said,
    stored,
    text,
    until,
)
from tests.services.turns.api import chat
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import Threads, wait_until

ONCE = [("user", "Hello?"), ("assistant", "Well.")]


def test_a_repeat_gets_the_answer_that_was_lost(alice: Person, session: Any, model: ScriptedModel):
    first = complete(alice, session, "Hello?").json()
    again = repeat(alice, session, "Hello?")
    assert again.json() == first
    assert repeat(alice, session, "Hello?", count=2).json() == first
    assert said(alice, session) == ONCE
    assert len(model.asked) == 1


@pytest.mark.mongod("turns that meet")
def test_a_repeat_waits_for_the_turn_in_progress(alice: Person, session: Any, model: ScriptedModel):
    script = Script("One", " two", gates=[1])
    model.scripts.append(script)
    until(complete(alice, session, "Hello?", stream=True), "One")
    with Threads() as pool:
        again = pool.submit(repeat, alice, session, "Hello?")
        script.open()
        assert text(again.result()) == "One two"
    streamed = lines(repeat(alice, session, "Hello?", stream=True))
    assert "".join(c["choices"][0]["delta"].get("content") or "" for c in streamed[:-1]) == (
        "One two"
    )
    assert len(model.asked) == 1


def test_a_repeat_that_comes_while_the_first_attempt_is_storing_stores_nothing(
    alice: Person, session: Any, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
):
    """The repeat overtakes: it stores and asks; the first attempt then stores nothing more."""
    append, overtaken = log.append, []

    def slowly(request: log.AppendRequest) -> Any:
        if not overtaken:
            overtaken.append(None)
            overtaken[0] = text(repeat(alice, session, "Hello?"))
        return append(request)

    monkeypatch.setattr(log, "append", slowly)
    assert text(complete(alice, session, "Hello?")) == "Well."
    assert overtaken == ["Well."]
    assert said(alice, session) == ONCE
    assert len(model.asked) == 1


def test_a_first_attempt_of_the_same_words_is_a_new_request(
    alice: Person, session: Any, model: ScriptedModel
):
    for _ in range(2):
        complete(alice, session, "Go on.", headers={"X-Stainless-Retry-Count": "0"})
    assert len(stored(alice, session)) == 4
    assert len(model.asked) == 2


def test_a_repeat_of_what_never_arrived_is_a_new_request(
    alice: Person, session: Any, model: ScriptedModel
):
    complete(alice, session, "Go on.")
    complete(alice, session, "What else?")
    assert text(repeat(alice, session, "Go on.")) == "Well."
    assert [content for role, content in said(alice, session) if role == "user"] == [
        "Go on.", "What else?", "Go on.",
    ]  # fmt: skip


def test_a_repeat_is_not_of_a_turn_long_ago(
    alice: Person, session: Any, model: ScriptedModel, database: Any
):
    complete(alice, session, "Go on.")
    [turn] = database.turns.find()
    ago = turn["started_at"] - timedelta(seconds=200)
    database.turns.update_one({"_id": turn["_id"]}, {"$set": {"started_at": ago}})
    repeat(alice, session, "Go on.")
    assert len(model.asked) == 2
    # The package's usual patience is ten minutes.
    database.turns.update_one({"state": "done"}, {"$set": {"started_at": ago}})
    headers = {"X-Stainless-Retry-Count": "1"}
    complete(alice, session, "Go on.", headers=headers)
    assert len(model.asked) == 2


def test_a_repeat_after_a_failure_runs_without_a_second_question(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script("One", error=ProviderError()))
    assert complete(alice, session, "Hello?").status_code == 502
    assert text(repeat(alice, session, "Hello?")) == "Well."
    assert said(alice, session) == ONCE


def test_the_same_question_after_a_failure_is_not_stored_again(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script(error=ProviderError()))
    complete(alice, session, "Hello?")
    assert text(complete(alice, session, "Hello?")) == "Well."
    assert said(alice, session) == ONCE


def test_a_failed_question_is_answered_although_others_have_written_since(
    alice: Person, session: Any, append: Any, model: ScriptedModel
):
    model.scripts.append(Script(error=ProviderError()))
    complete(alice, session, "Hello?")
    append(session, "Never mind.")
    repeat(alice, session, "Hello?")
    assert [m["content"] for m in model.asked[-1]] == ["Hello?"]
    assert stored(alice, session)[-1]["generation"]["reply_to"] == 1
    assert len(stored(alice, session)) == 3


def test_a_key_stands_for_one_request(alice: Person, session: Any, model: ScriptedModel):
    key = {"Idempotency-Key": "k"}
    first = complete(alice, session, "Hello?", headers=key).json()
    assert complete(alice, session, "Hello?", headers=key).json() == first
    for other in ({"temperature": 1}, {"model": "other"}):
        response = complete(alice, session, "Hello?", headers=key, **other)
        assert response.status_code == 422
    assert complete(alice, session, "Bye?", headers=key).json() == error(
        "This idempotency key was already used with a different body.", "idempotency_mismatch"
    )
    assert said(alice, session) == ONCE
    assert len(model.asked) == 1


def test_a_key_that_no_message_may_have_is_refused(
    alice: Person, session: Any, model: ScriptedModel
):
    response = complete(alice, session, "Hello?", headers={"Idempotency-Key": "k" * 200})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "Idempotency-Key"


@pytest.mark.mongod("turns that meet")
def test_many_under_one_key_at_once_make_one_turn(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script("One", gates=[0]))
    with Threads(8) as pool:
        key = {"Idempotency-Key": "k"}
        waiting = [pool.submit(complete, alice, session, "Hello?", headers=key) for _ in range(8)]
        wait_until(lambda: model.played)
        model.played[0].open()
        bodies = [each.result().json() for each in waiting]
    assert all(body["choices"] == bodies[0]["choices"] for body in bodies)
    assert len({body["id"] for body in bodies}) == 1
    assert len(model.asked) == 1


def test_of_two_at_once_one_is_told_to_wait(alice: Person, session: Any, model: ScriptedModel):
    script = Script("One", gates=[0])
    model.scripts.append(script)
    with Threads() as pool:
        first = pool.submit(complete, alice, session, "First?")
        wait_until(lambda: model.played)
        for second in (
            complete(alice, session, "Second?"),
            complete(alice, session, "Second?", stream=True),
            repeat(alice, session, "Second?"),
        ):
            assert (second.status_code, second.json()) == (409, BUSY)
            assert second.headers["Retry-After"] == "2"
            assert "X-Should-Retry" not in second.headers
        script.open()
        first.result()
    assert text(repeat(alice, session, "Second?", count=2)) == "Well."
    assert [content for _, content in said(alice, session)] == ["First?", "One", "Second?", "Well."]


def test_a_turn_of_the_page_holds_the_session_too(
    alice: Person, session: Any, model: ScriptedModel
):
    model.scripts.append(Script("One", gates=[0]))
    with Threads() as pool:
        first = pool.submit(chat, alice, session, "From the page")
        wait_until(lambda: model.played)
        assert complete(alice, session, "Hello?").json() == BUSY
        model.played[0].open()
        first.result()


def test_when_others_always_append_first_it_gives_up(
    alice: Person, session: Any, append: Any, model: ScriptedModel,
    monkeypatch: pytest.MonkeyPatch,
):  # fmt: skip
    start = completions.turn_start

    def overtaken(**asked: Any) -> Any:
        append(session, "I was first.")
        return start(**asked)

    monkeypatch.setattr(completions, "turn_start", overtaken)
    response = complete(alice, session, "Hello?")
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert ("user", "Hello?") not in said(alice, session)
