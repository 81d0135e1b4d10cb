"""In which session a response goes on: one that is named, one of an application's user, or none."""

from typing import Any

import pytest

from tests.api.bodies import path
from tests.conftest import Person
from tests.openai_api.calls import NO_SESSION, complete, error
from tests.openai_api.responses.calls import (
    ask,
    asked,
    events,
    get,
    repeat,
    said,
    session_of,
    text,
)
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import Threads

pytestmark = pytest.mark.usefixtures("no_encoder")

CREATE = {"X-Session-Id": "trip-42", "X-Session-Create": "1"}
SYSTEM = {"role": "developer", "content": "Be brief."}


def user(content: Any) -> dict[str, Any]:
    return {"role": "user", "content": content}


def contents(asked_of_model: Any) -> list[str]:
    return [message["content"] for message in asked_of_model]


@pytest.fixture
def by_user(settings: Any) -> None:
    settings.OPENAI_SESSIONS = "by_user"


# --- under a name ---------------------------------------------------------------------------------


def test_one_that_is_not_there_is_a_404_that_says_how_to_make_one(
    alice: Person, model: ScriptedModel, database: Any
):
    for more in ({}, {"stream": True}, {"background": True}, {"store": False}):
        answer = ask(alice, headers={"X-Session-Id": "trip-42"}, **more)
        assert (answer.status_code, answer.json()) == (404, NO_SESSION)
        assert session_of(answer) == "none"
    assert database.sessions.count_documents({}) == 0


def test_it_is_made_under_its_name_and_gone_on_with(alice: Person, model: ScriptedModel):
    first = ask(alice, "One?", headers=CREATE)
    second = ask(alice, "Two?", metadata={"session_id": "trip-42"})
    assert session_of(first) == session_of(second)
    shown = alice.client.get(f"/session/{session_of(first)}").json()
    assert shown["external_id"] == "trip-42"
    assert contents(model.asked[-1]) == ["One?", "Well.", "Two?"]


def test_the_setting_makes_it_without_the_header(
    alice: Person, model: ScriptedModel, settings: Any
):
    settings.OPENAI_SESSIONS = "create"
    first = ask(alice, "One?", headers={"X-Session-Id": "trip-42"})
    second = ask(alice, "Two?", headers={"X-Session-Id": "trip-42"}, stream=True)
    events(second)
    assert session_of(first) == session_of(second)
    assert len(said(alice, session_of(first))) == 4


@pytest.mark.mongod("mongomock answers otherwise")
def test_twenty_first_requests_at_once_make_one_session(
    alice: Person, model: ScriptedModel, database: Any
):
    with Threads(20) as threads:
        answers = list(threads.map(lambda n: ask(alice, f"{n}?", headers=CREATE), range(20)))
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert [answer.status_code for answer in answers].count(200) >= 1
    assert database.sessions.count_documents({}) == 1


@pytest.mark.parametrize("name", ["trip-42", "conv_trip-42"])
def test_a_conversation_may_have_its_owners_name(
    alice: Person, bob: Person, model: ScriptedModel, name: str
):
    first = session_of(ask(alice, "One?", headers=CREATE))
    second = ask(alice, "Two?", conversation=name)
    assert session_of(second) == first
    assert second.json()["conversation"] == {"id": f"conv_{first}"}
    shown = alice.client.get(f"/v1/conversations/{name}")
    assert (shown.json()["id"], session_of(shown)) == (f"conv_{first}", first)
    for answer in (
        ask(bob, "Two?", conversation=name),
        bob.client.get(f"/v1/conversations/{name}"),
    ):
        assert (answer.status_code, answer.json()) == (404, error("No such session.", "not_found"))


@pytest.mark.parametrize("name", ["a\nb", "a b", "\u00e4", "x" * 300, "conv_", "\x00"])
def test_what_is_no_name_is_not_found(alice: Person, model: ScriptedModel, name: str):
    answer = ask(alice, conversation=name)
    assert (answer.status_code, session_of(answer)) == (404, "none")


def test_a_history_that_is_sent_along_is_stored_once(alice: Person, model: ScriptedModel):
    history: list[Any] = [SYSTEM, user("One?")]
    for question in ("Two?", "Three?"):
        answer = ask(alice, history, headers=CREATE)
        history += [*answer.json()["output"], user(question)]
    last = ask(alice, history, headers=CREATE)
    assert said(alice, session_of(last)) == [
        ("user", "One?"), ("assistant", "Well."), ("user", "Two?"), ("assistant", "Well."),
        ("user", "Three?"), ("assistant", "Well."),
    ]  # fmt: skip
    # Instructions come with each request and are not a part of the conversation.
    assert contents(model.asked[-1]) == ["Be brief.", "One?", "Well.", "Two?", "Well.", "Three?"]
    [brought] = get(alice, last.json()["id"], "input_items").json()["data"]
    assert brought["content"][0]["text"] == "Three?"


def test_a_history_by_reference_is_known(alice: Person, model: ScriptedModel):
    first = ask(alice, [user("One?")], headers=CREATE)
    [reply] = first.json()["output"]
    answer = ask(
        alice,
        [user("One?"), {"type": "item_reference", "id": reply["id"]}, user("Two?")],
        headers=CREATE,
    )
    assert len(said(alice, session_of(answer))) == 4


def test_a_history_that_was_edited_goes_on_in_the_session(alice: Person, model: ScriptedModel):
    first = ask(alice, [user("One?")], headers=CREATE)
    second = ask(alice, [user("One?"), *first.json()["output"], user("Two?")], headers=CREATE)
    answer = ask(
        alice,
        [user("One!"), *first.json()["output"], user("Two?"), *second.json()["output"], user("3?")],
        headers=CREATE,
    )
    assert answer.status_code == 200, answer.content
    assert contents(model.asked[-1])[-1] == "3?"


def test_a_session_and_another_conversation_are_two(
    alice: Person, session: Any, model: ScriptedModel
):
    first = ask(alice, "One?", headers=CREATE)
    one, other = session_of(first), f"conv_{session['session_id']}"
    named = {"X-Session-Id": "trip-42"}
    assert ask(alice, conversation=f"conv_{one}", headers=named).status_code == 200
    response_id = asked(alice, conversation=one)["id"]
    assert ask(alice, previous_response_id=response_id, headers=named).status_code == 200
    for headers, where in (
        (named, {"conversation": other}),
        (named, {"previous_response_id": asked(alice)["id"]}),
        (CREATE | {"X-Session-Id": "trip-43"}, {"conversation": other}),
        (CREATE | {"X-Session-Id": "trip-43"}, {"previous_response_id": response_id}),
    ):
        answer = ask(alice, headers=headers, **where)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, next(iter(where)))


def test_new_makes_a_new_one_each_time(alice: Person, model: ScriptedModel, by_user: None):
    new = {"X-Session-Id": "new"}
    made = {session_of(ask(alice, headers=new, user="u-1")) for _ in range(2)}
    assert len(made) == 2


def test_none_keeps_nothing(alice: Person, session: Any, model: ScriptedModel, database: Any):
    none = {"X-Session-Id": "none"}
    answer = ask(alice, headers=none)
    assert (session_of(answer), answer.json()["store"]) == ("none", False)
    assert database.turns.count_documents({}) == 0
    refused = ask(alice, headers=none, store=True)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "store")
    assert ask(alice, headers=none, background=True).json()["error"]["param"] == "background"


def test_what_is_not_stored_makes_no_session(alice: Person, model: ScriptedModel, database: Any):
    answer = ask(alice, headers=CREATE, store=False)
    assert (answer.status_code, session_of(answer)) == (200, "none")
    assert database.sessions.count_documents({}) == 0
    kept = ask(alice, "One?", headers=CREATE)
    history = [user("One?"), *kept.json()["output"], user("Two?")]
    answer = ask(alice, history, headers=CREATE, store=False)
    assert session_of(answer) == session_of(kept)
    assert contents(model.asked[-1]) == ["One?", "Well.", "Two?"]
    assert len(said(alice, session_of(kept))) == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [("X-Session-Create", "maybe"), ("Idempotency-Key", "k" * 129),
     ("X-Session-Store", "all"), ("X-Turn-Wait", "long")],
)  # fmt: skip
def test_what_a_header_cannot_say_is_refused_without_a_session_too(
    alice: Person, name: str, value: str
):
    answer = ask(alice, headers={"X-Session-Id": "none", name: value})
    assert (answer.status_code, session_of(answer)) == (400, "none")
    assert answer.json()["error"]["param"] == name


@pytest.mark.parametrize(
    "more",
    [{"n": 2}, {"tools": [{"type": "web_search"}]}, {"said": []}, {"said": "x" * 400},
     {"said": [{"role": "user", "content": "x" * 400}]}, {"truncation": "some"}],
)  # fmt: skip
def test_what_is_refused_makes_no_session(
    alice: Person, model: ScriptedModel, database: Any, settings: Any, more: Any
):
    settings.MESSAGE_MAX_CHARS = 300
    answer = ask(alice, more.pop("said", "Hello?"), headers=CREATE, **more)
    assert answer.status_code in {400, 413}
    if answer.status_code == 413:
        assert answer.json()["error"]["param"].startswith("input.")
    assert session_of(answer) == "none"
    assert database.sessions.count_documents({}) == 0


# --- of an application's user ---------------------------------------------------------------------


@pytest.mark.parametrize("who", ["user", "safety_identifier"])
def test_a_plain_app_goes_on_where_its_history_says(
    alice: Person, model: ScriptedModel, by_user: None, database: Any, who: str
):
    history: list[Any] = [SYSTEM, user("My dog is Rufus.")]
    first = ask(alice, history, **{who: "u-1"})
    history += [{"role": "assistant", "content": text(first.json())}, user("What is it called?")]
    second = ask(alice, history, stream=True, **{who: "u-1"})
    read = events(second)
    assert session_of(first) == session_of(second)
    assert database.sessions.count_documents({}) == 1
    assert said(alice, session_of(first)) == [
        ("user", "My dog is Rufus."), ("assistant", "Well."), ("user", "What is it called?"),
        ("assistant", "Well."),
    ]  # fmt: skip
    assert read[-1]["response"]["conversation"] is None
    assert alice.client.get(path({"session_id": session_of(first)})).json()["metadata"] == {
        "user": "u-1"
    }


def test_it_is_the_session_of_the_same_user_on_completions(
    alice: Person, model: ScriptedModel, by_user: None
):
    first = complete(alice, None, "My dog is Rufus.", user="u-1")
    history = [user("My dog is Rufus."), {"role": "assistant", "content": "Well."}, user("And?")]
    assert session_of(ask(alice, history, user="u-1")) == session_of(first)
    assert len(said(alice, session_of(first))) == 4


# Of a service key, `user` is the end user.
@pytest.mark.accounts_only
def test_another_user_or_another_beginning_is_another_session(
    alice: Person, bob: Person, model: ScriptedModel, by_user: None
):
    made = {
        session_of(ask(person, text, user=name))
        for person, text, name in (
            (alice, "Hello?", "u-1"),
            (alice, "Hello?", "u-2"),
            (alice, "Hello there?", "u-1"),
            (bob, "Hello?", "u-1"),
        )
    }
    assert len(made) == 4


def test_who_names_a_response_or_a_conversation_goes_on_there(
    alice: Person, session: Any, model: ScriptedModel, by_user: None
):
    first = ask(alice, "Hello?", user="u-1")
    second = ask(alice, "Hello?", user="u-1", previous_response_id=first.json()["id"])
    assert session_of(first) == session_of(second)
    assert len(said(alice, session_of(first))) == 4
    named = ask(alice, "Hello?", user="u-1", conversation=session["session_id"])
    assert session_of(named) == session["session_id"]


def test_without_a_user_each_makes_a_session(alice: Person, model: ScriptedModel, by_user: None):
    assert session_of(ask(alice)) != session_of(ask(alice))


def test_a_user_alone_shares_no_session_unless_it_is_set(alice: Person, model: ScriptedModel):
    assert session_of(ask(alice, user="u-1")) != session_of(ask(alice, user="u-1"))


def test_what_is_not_stored_is_in_no_session(
    alice: Person, model: ScriptedModel, by_user: None, database: Any
):
    assert session_of(ask(alice, user="u-1", store=False)) == "none"
    assert database.sessions.count_documents({}) == 0


def test_a_repeat_of_an_app_stores_nothing_twice(
    alice: Person, model: ScriptedModel, by_user: None
):
    first = ask(alice, "Hello?", user="u-1")
    again = repeat(alice, "Hello?", user="u-1")
    assert (session_of(again), again.json()) == (session_of(first), first.json())
    assert len(model.asked) == 1


def test_one_that_failed_is_answered_by_the_next(
    alice: Person, model: ScriptedModel, by_user: None
):
    from sessions_app.domain.errors import ProviderError

    model.scripts.append(Script(error=ProviderError()))
    assert ask(alice, "Hello?", user="u-1").status_code == 502
    answer = ask(alice, "Hello?", user="u-1")
    assert said(alice, session_of(answer)) == [("user", "Hello?"), ("assistant", "Well.")]
