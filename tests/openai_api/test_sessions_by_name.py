"""A session under an id of the client's own, a new one, and none."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sessions_app.domain.applications import shown_owner
from tests.api.bodies import UNKNOWN, path
from tests.conftest import Person
from tests.model_server import ModelServer
from tests.openai_api.calls import NO_SESSION, URL, assistant, complete, error, lines, said, user
from tests.services.turns.scripted import Script, ScriptedModel
from tests.waiting import Threads

CREATE = {"X-Session-Create": "1"}
OWN_IDS = ["trip-42", "a", "A.b_c:9-", "x" * 128, UNKNOWN, "chat:ä".encode().hex()]
NO_IDS = ["", "x" * 129, "a b", "a/b", "ä", "~a", "a\n"]


def ask(person: Person, name: str, *messages: Any, headers: Any = None, **more: Any) -> Any:
    """Ask in the session of that name; a text is a user's message."""
    return complete(person, {"session_id": name}, *messages, headers=headers, **more)


def named(response: Any) -> dict[str, str]:
    """The session that an answer names."""
    assert response.headers["X-Session-Id"] != "none", response.content
    return {"session_id": response.headers["X-Session-Id"]}


def test_one_that_is_not_there_is_a_404_that_says_how_to_make_one(
    alice: Person, model: ScriptedModel, database: Any
):
    for name in ("trip-42", UNKNOWN, f"conv_{UNKNOWN}"):
        response = ask(alice, name, "Hello?")
        assert (response.status_code, response.json()) == (404, NO_SESSION)
        assert response.headers["X-Session-Id"] == "none"
    assert database.sessions.count_documents({}) == 0
    assert model.asked == []


@pytest.mark.parametrize("name", OWN_IDS)
def test_the_header_makes_it_under_that_id(alice: Person, model: ScriptedModel, name: str):
    first = ask(alice, name, "Hello?", headers=CREATE)
    again = ask(alice, name, "And now?")
    made = named(first)
    shown = alice.client.get(path(made)).json()
    assert (shown["external_id"], shown["user_id"]) == (name, alice.id)
    assert named(again) == made
    assert [text for _, text in said(alice, made)] == ["Hello?", "Well.", "And now?", "Well."]


@pytest.mark.parametrize("place", ["session_id", "metadata", "header"])
def test_it_is_made_wherever_it_is_named(alice: Person, model: ScriptedModel, place: str):
    body = {"model": "gulf", "messages": [user("Hello?")]} | {
        "session_id": {"session_id": "own-1"},
        "metadata": {"metadata": {"session_id": "own-1"}},
        "header": {},
    }[place]
    headers = CREATE | ({"X-Session-Id": "own-1"} if place == "header" else {})
    response = alice.client.post(URL, body, headers=headers)
    assert alice.client.get(path(named(response))).json()["external_id"] == "own-1"


@pytest.mark.parametrize("name", NO_IDS)
def test_what_is_no_id_is_refused_and_makes_nothing(
    alice: Person, model: ScriptedModel, database: Any, name: str
):
    response = ask(alice, name, "Hello?", headers=CREATE)
    assert (response.status_code, response.json()) == (
        400,
        error(
            "An id of your own has 1 to 128 characters of A-Z a-z 0-9 . _ : -.",
            "invalid_value",
            "session_id",
        ),
    )
    assert ask(alice, name, "Hello?").status_code == 404
    assert database.sessions.count_documents({}) == 0


def test_a_switch_that_is_none_is_refused(alice: Person, model: ScriptedModel):
    response = ask(alice, "trip-42", "Hello?", headers={"X-Session-Create": "maybe"})
    assert response.json() == error("Expected 1 or 0.", "invalid_value", "X-Session-Create")


@pytest.mark.parametrize(
    ("name", "text"),
    [("X-Session-Create", "maybe"), ("Idempotency-Key", "k" * 129),
     ("X-Session-Store", "all"), ("X-Turn-Wait", "long")],
)  # fmt: skip
def test_what_a_header_cannot_say_is_refused_without_a_session_too(
    alice: Person, name: str, text: str
):
    body = {"messages": [{"role": "user", "content": "Hello?"}]}
    response = alice.client.post("/v1/chat/completions", body, headers={name: text})
    assert response.status_code == 400
    assert response.json()["error"]["param"] == name


def test_the_setting_makes_it_without_the_header(
    alice: Person, model: ScriptedModel, settings: Any
):
    settings.OPENAI_SESSIONS = "create"
    made = named(ask(alice, "trip-42", "Hello?"))
    assert named(ask(alice, "trip-42", "And now?")) == made
    refused = ask(alice, "other", "Hello?", headers={"X-Session-Create": "0"})
    assert refused.status_code == 404


@pytest.mark.mongod("writers at the same moment")
def test_twenty_first_requests_at_once_make_one_session(
    alice: Person, model: ScriptedModel, database: Any
):
    with Threads(20) as pool:
        answers = list(
            pool.map(lambda at: ask(alice, "trip-42", f"Hello {at}?", headers=CREATE), range(20))
        )
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert any(answer.status_code == 200 for answer in answers)
    [made] = database.sessions.find()
    assert {answer.headers["X-Session-Id"] for answer in answers} == {made["_id"]}
    assert database.session_names.count_documents({}) == 1


def test_an_id_of_another_owner_neither_collides_nor_leaks(
    alice: Person, bob: Person, session: Any, model: ScriptedModel
):
    for name in ("trip-42", session["session_id"]):
        ask(alice, name, "Mine.", headers=CREATE)
        unknown = ask(bob, name, "Hello?")
        assert (unknown.status_code, unknown.json()) == (404, NO_SESSION)
        made = named(ask(bob, name, "Hello?", headers=CREATE))
        shown = bob.client.get(path(made)).json()
        assert (shown["user_id"], shown["external_id"]) == (shown_owner(bob.id), name)
        assert [text for _, text in said(bob, made)] == ["Hello?", "Well."]


@pytest.mark.parametrize(
    "wrong",
    [
        {"n": 2},
        {"messages": []},
        {"messages": [user("")]},
        {"temperature": "hot"},
        {"messages": [user("x"), assistant("y")]},
        {"messages": [user("x" * 500_001)]},
        {"messages": [user("One"), assistant("Two")] * 500 + [user("Three")]},
    ],
)
@pytest.mark.parametrize("name", ["trip-42", "new"])
def test_what_is_refused_makes_no_session(
    alice: Person, model: ScriptedModel, database: Any, name: str, wrong: dict[str, Any]
):
    response = ask(alice, name, "Hello?", headers=CREATE, **wrong)
    assert response.status_code in {400, 413}
    assert response.headers["X-Session-Id"] == "none"
    assert database.sessions.count_documents({}) == 0
    assert database.session_names.count_documents({}) == 0


# --- a new one ------------------------------------------------------------------------------------


def test_new_makes_a_new_one_each_time(alice: Person, model: ScriptedModel):
    headers = {"X-Session-Id": "new"}
    made = [named(complete(alice, None, "Hello?", headers=headers)) for _ in range(2)]
    assert made[0] != made[1]
    for each in made:
        assert [text for _, text in said(alice, each)] == ["Hello?", "Well."]
        assert alice.client.get(path(each)).json()["external_id"] is None


def test_a_repeat_of_a_new_one_gets_the_same_session_and_turn(
    alice: Person, model: ScriptedModel, database: Any
):
    first = complete(alice, None, "Hello?", headers={"X-Session-Id": "new"})
    repeated = {"X-Session-Id": "new", "X-Stainless-Retry-Count": "1"}
    again = complete(alice, None, "Hello?", headers=repeated)
    assert again.json() == first.json()
    assert named(again) == named(first)
    assert database.sessions.count_documents({}) == len(model.asked) == 1


def test_a_key_stands_for_one_new_session(alice: Person, model: ScriptedModel):
    headers = {"X-Session-Id": "new", "Idempotency-Key": "k-1"}
    first, again = (complete(alice, None, "Hello?", headers=headers) for _ in range(2))
    assert (named(again), again.json()) == (named(first), first.json())
    other = complete(alice, None, "Another?", headers=headers)
    assert other.status_code == 422
    assert len(model.asked) == 1


# --- every answer says which --------------------------------------------------------------------


def test_every_answer_of_a_session_names_it(alice: Person, session: Any, model: ScriptedModel):
    whole = complete(alice, session, "Hello?")
    streamed = complete(alice, session, "And now?", stream=True)
    assert lines(streamed)[-1] == "[DONE]"
    model.scripts.append(Script(error=RuntimeError("a bug")))
    failed = complete(alice, session, "And then?")
    assert failed.status_code == 500
    for answer in (whole, streamed, failed):
        assert named(answer) == {"session_id": session["session_id"]}


def test_an_answer_without_a_session_says_none(alice: Person, anybody: Any, server: ModelServer):
    answers = [
        complete(alice, None, "Hello?"),
        complete(alice, None, "Hello?", stream=True),
        complete(alice, {"session_id": "none"}, "Hello?"),
        alice.client.get("/v1/models"),
        alice.client.get("/v1/models/none-of-that-name"),
        alice.client.get("/v1/nothing"),
        alice.client.post(URL, "[", content_type="application/json"),
        anybody.get("/v1/models"),
    ]
    assert [answer.headers["X-Session-Id"] for answer in answers] == ["none"] * len(answers)
    assert lines(answers[1])[-1] == "[DONE]"


# --- what is no longer there ----------------------------------------------------------------------


def test_one_that_was_deleted_is_made_anew(alice: Person, model: ScriptedModel, database: Any):
    made = named(ask(alice, "trip-42", "Hello?", headers=CREATE))
    assert alice.client.delete(path(made)).status_code == 204
    assert database.session_names.count_documents({}) == 0
    assert ask(alice, "trip-42", "Hello?").status_code == 404
    anew = named(ask(alice, "trip-42", "Hello again?", headers=CREATE))
    assert anew != made
    assert [text for _, text in said(alice, anew)] == ["Hello again?", "Well."]


def test_one_that_is_archived_stays_so_until_it_is_restored(
    alice: Person, model: ScriptedModel, archive: Any
):
    made = named(ask(alice, "trip-42", "Hello?", headers=CREATE))
    archive(made)
    refused = ask(alice, "trip-42", "And now?", headers=CREATE)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "session_archived")
    assert named(refused) == made
    alice.client.post(path(made, "restore"))
    assert named(ask(alice, "trip-42", "And now?")) == made


def test_one_that_has_expired_can_be_restored(alice: Person, model: ScriptedModel, expire: Any):
    made = named(ask(alice, "trip-42", "Hello?", headers=CREATE))
    expire(made)
    for headers in ({}, CREATE):
        refused = ask(alice, "trip-42", "And now?", headers=headers)
        assert (refused.status_code, refused.json()["error"]["code"]) == (410, "session_expired")
    alice.client.post(path(made, "restore"))
    assert named(ask(alice, "trip-42", "And now?")) == made


def test_where_expiry_deletes_one_that_has_expired_is_made_anew_before_the_sweep(
    alice: Person, model: ScriptedModel, expire: Any, settings: Any, database: Any
):
    settings.EXPIRY_MODE = "delete"
    made = named(ask(alice, "trip-42", "Hello?", headers=CREATE))
    expire(made)
    assert ask(alice, "trip-42", "And now?").status_code == 410
    anew = named(ask(alice, "trip-42", "Hello again?", headers=CREATE))
    assert anew != made
    assert "external_id" not in database.sessions.find_one({"_id": made["session_id"]})
    assert alice.client.get(path(anew)).json()["external_id"] == "trip-42"


def test_one_that_has_expired_under_legal_hold_keeps_its_name(
    alice: Person, model: ScriptedModel, expire: Any, settings: Any, database: Any
):
    settings.EXPIRY_MODE = "delete"
    made = named(ask(alice, "trip-42", "Hello?", headers=CREATE))
    expire(made)
    database.sessions.update_one({}, {"$set": {"legal_hold": True}})
    assert ask(alice, "trip-42", "And now?", headers=CREATE).status_code == 410


# --- sessions of an application's users -----------------------------------------------------------


@pytest.fixture
def by_user(settings: Any) -> None:
    settings.OPENAI_SESSIONS = "by_user"


WHO = ["user", "safety_identifier"]


@pytest.mark.parametrize("who", WHO)
def test_a_plain_app_goes_on_where_its_history_says(
    alice: Person, model: ScriptedModel, by_user: None, who: str
):
    history: list[Any] = [{"role": "system", "content": "Be brief."}, user("My dog is Rufus.")]
    first = complete(alice, None, *history, **{who: "u-1"})
    history += [assistant("Well."), user("What is my dog called?")]
    second = complete(alice, None, *history, **{who: "u-1"})
    edited = complete(alice, None, *history[:2], assistant("Well."), "Or my cat?", **{who: "u-1"})
    assert named(first) == named(second) == named(edited)
    assert said(alice, named(first)) == [
        ("user", "My dog is Rufus."),
        ("assistant", "Well."),
        ("user", "Or my cat?"),
        ("assistant", "Well."),
    ]


# Of a service key, `user` is the end user.
@pytest.mark.accounts_only
@pytest.mark.parametrize("who", WHO)
def test_another_user_or_another_beginning_is_another_session(
    alice: Person, bob: Person, model: ScriptedModel, by_user: None, who: str
):
    made = [
        named(complete(person, None, text, **{who: user_name}))["session_id"]
        for person, text, user_name in (
            (alice, "Hello?", "u-1"),
            (alice, "Hello?", "u-2"),
            (alice, "Hello there?", "u-1"),
            (bob, "Hello?", "u-1"),
        )
    ]
    assert len(set(made)) == 4
    shown = alice.client.get(f"/session/{made[0]}").json()
    assert (shown["metadata"], shown["external_id"]) == ({"user": "u-1"}, None)


@pytest.mark.parametrize("more", [{}, {"user": ""}, {"user": None}, {"user": 5}])
def test_who_names_no_user_is_passed_on(
    alice: Person, server: ModelServer, database: Any, by_user: None, more: Any
):
    response = complete(alice, None, "Hello?", **more)
    assert response.headers["X-Session-Id"] == "none"
    assert database.sessions.count_documents({}) == 0


def test_a_user_alone_makes_no_session_unless_it_is_set(
    alice: Person, server: ModelServer, database: Any
):
    assert complete(alice, None, "Hello?", user="u-1").headers["X-Session-Id"] == "none"
    assert database.sessions.count_documents({}) == 0


@pytest.mark.parametrize("ends", ["archived", "expired", "deleted"])
def test_an_app_that_knows_nothing_of_sessions_gets_a_new_one_when_it_has_ended(
    alice: Person, model: ScriptedModel, by_user: None, archive: Any, expire: Any, ends: str
):
    first = named(complete(alice, None, "Hello?", user="u-1"))
    if ends == "archived":
        archive(first)
    elif ends == "expired":
        expire(first)
    else:
        alice.client.delete(path(first))
    history = [user("Hello?"), assistant("Well."), user("And now?")]
    second = named(complete(alice, None, *history, user="u-1"))
    assert second != first
    assert len(said(alice, second)) == 4
    assert named(complete(alice, None, *history, assistant("Well."), "So?", user="u-1")) == second


def test_a_named_session_comes_before_the_user(
    alice: Person, session: Any, model: ScriptedModel, by_user: None
):
    response = complete(alice, session, "Hello?", user="u-1")
    assert named(response) == {"session_id": session["session_id"]}


def test_a_repeat_of_an_app_stores_nothing_twice(
    alice: Person, model: ScriptedModel, by_user: None
):
    first = complete(alice, None, "Hello?", user="u-1")
    headers = {"X-Stainless-Retry-Count": "1"}
    again = complete(alice, None, "Hello?", user="u-1", headers=headers)
    assert (named(again), again.json()) == (named(first), first.json())
    assert len(said(alice, named(first))) == 2


def test_a_name_goes_with_the_sweep(
    alice: Person, model: ScriptedModel, expire: Any, database: Any
):
    from sessions_app.domain.sessions.expiry import ExpiryMode
    from sessions_app.services.expiry import sweeping

    expire(named(ask(alice, "trip-42", "Hello?", headers=CREATE)))
    # A turn keeps its session from the sweep until its lease would have ended.
    now = datetime.now(UTC) + timedelta(minutes=1)
    plan = sweeping.expiry_plan(mode=ExpiryMode.DELETE, now=now)
    sweeping.expiry_sweep(plan, limit=None, progress=lambda _: None, now=lambda: now)
    assert database.sessions.count_documents({}) == database.session_names.count_documents({}) == 0
