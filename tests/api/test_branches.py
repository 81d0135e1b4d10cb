"""`replaces` at `POST /session/{id}/chat`, and `PUT /session/{id}/messages/{seq}/current`."""

from typing import Any

import pytest

from sessions_app.services.audits import integrity
from tests.api.bodies import ARCHIVED, EXPIRED, NO_MESSAGE, NO_TOKEN, path
from tests.conftest import Person
from tests.services.turns import events
from tests.services.turns.api import chat, regenerate, stream
from tests.services.turns.scripted import Script, ScriptedModel


def messages(person: Person, session: Any) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = person.client.get(
        path(session, "messages"), {"limit": 500}
    ).json()["results"]
    return results


def current(person: Person, session: Any) -> list[int]:
    return [m["seq"] for m in messages(person, session) if m["superseded_by"] is None]


def make_current(person: Person, session: Any, seq: Any) -> Any:
    return person.client.put(path(session, "messages", f"{seq}/current"), {}, format="json")


@pytest.fixture
def edited(alice: Person, session: Any, model: ScriptedModel) -> Any:
    """Two questions with replies, the second written anew: 1, 2 and 3, 4 or 5, 6."""
    for text in ("One.", "Two.", "Three."):
        model.scripts.append(Script(text))
    chat(alice, session, "First?")
    chat(alice, session, "Second?", client_id="k2")
    assert chat(alice, session, "Third?", client_id="k3", replaces=3).status_code == 200
    return session


def test_what_was_replaced_stays_and_the_model_is_not_sent_it(
    alice: Person, edited: Any, model: ScriptedModel
) -> None:
    assert [m["superseded_by"] for m in messages(alice, edited)] == [None, None, 5, 5, None, None]
    assert messages(alice, edited)[4]["replaces"] == 3
    assert [m["content"] for m in model.asked[-1]] == ["First?", "One.", "Third?"]


def test_a_repeat_of_the_request_stores_nothing_again(alice: Person, edited: Any) -> None:
    response = chat(alice, edited, "Third?", client_id="k3", replaces=3)

    assert response.json()["user_message"]["seq"] == 5
    assert len(messages(alice, edited)) == 6


def test_a_turn_that_fails_has_replaced_the_message_all_the_same(
    alice: Person, session: Any, model: ScriptedModel
) -> None:
    model.scripts.append(Script("One."))
    chat(alice, session, "First?")
    model.scripts.append(Script(error=RuntimeError("broken")))
    chat(alice, session, "Again?", client_id="k", replaces=1)
    assert current(alice, session) == [3]
    model.scripts.append(Script("Two."))
    chat(alice, session, "Again?", client_id="k", replaces=1)

    assert current(alice, session) == [3, 4]


@pytest.mark.parametrize("seq", [2, 3, 99])
def test_only_a_current_message_of_the_users_is_replaced(
    alice: Person, edited: Any, seq: int
) -> None:
    response = chat(alice, edited, "Fourth?", replaces=seq)

    assert response.status_code == 400
    [problem] = response.json()["errors"]
    assert (problem["code"], problem["attr"]) == ("invalid", "replaces")
    assert len(messages(alice, edited)) == 6


def test_an_earlier_branch_is_made_current_and_what_follows_is_its_own(
    alice: Person, edited: Any, model: ScriptedModel
) -> None:
    response = make_current(alice, edited, 3)
    assert response.status_code == 200
    changed = {m["seq"]: m["superseded_by"] for m in response.json()["results"]}
    assert changed == {3: None, 4: None, 5: 3, 6: 3}
    model.scripts.append(Script("Four."))
    chat(alice, edited, "Fourth?")

    assert [m["content"] for m in model.asked[-1]] == [
        "First?", "One.", "Second?", "Two.", "Fourth?",
    ]  # fmt: skip
    make_current(alice, edited, 6)
    assert current(alice, edited) == [1, 2, 5, 6]
    make_current(alice, edited, 3)
    assert current(alice, edited) == [1, 2, 3, 4, 7, 8]
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []


def test_an_earlier_reply_is_made_current(alice: Person, edited: Any) -> None:
    regenerate(alice, edited)
    assert current(alice, edited) == [1, 2, 5, 7]
    make_current(alice, edited, 6)

    assert current(alice, edited) == [1, 2, 5, 6]


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_branches_that_have_left_the_tail_are_made_current(
    alice: Person, edited: Any, fill: Any
) -> None:
    fill(edited, 200)
    make_current(alice, edited, 3)
    assert current(alice, edited) == [1, 2, 3, 4]
    make_current(alice, edited, 206)

    assert current(alice, edited) == [1, 2, *range(5, 207)]


def test_a_current_message_changes_nothing(alice: Person, edited: Any) -> None:
    before = alice.client.get(path(edited))["ETag"]
    response = make_current(alice, edited, 5)

    assert response.json() == {"results": []}
    assert alice.client.get(path(edited))["ETag"] == before


@pytest.mark.parametrize("seq", [0, 7, "x", "9" * 30])
def test_a_message_that_is_not_there_is_not_found(alice: Person, edited: Any, seq: Any) -> None:
    response = make_current(alice, edited, seq)

    assert (response.status_code, response.json()) == (404, NO_MESSAGE)


def test_a_stranger_sees_no_session(hidden: Any) -> None:
    hidden("put", "messages", "1/current")


def test_without_a_token_it_is_refused(client: Any, edited: Any) -> None:
    response = client.put(path(edited, "messages", "3/current"))

    assert (response.status_code, response.json()) == (401, NO_TOKEN)


def test_an_archived_session_stays_as_it_is(alice: Person, edited: Any) -> None:
    alice.client.post(path(edited, "archive"), {}, format="json")
    response = make_current(alice, edited, 3)

    assert (response.status_code, response.json()) == (409, ARCHIVED)


def test_an_expired_session_is_gone(alice: Person, edited: Any, expire: Any) -> None:
    expire(edited)
    response = make_current(alice, edited, 3)

    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_while_a_reply_is_written_the_branch_stays(
    alice: Person, edited: Any, model: ScriptedModel
) -> None:
    script = Script("Four", ".", gates=[1])
    model.scripts.append(script)
    events.until(stream(alice, edited, "Fourth?", client_id="k4"), "delta")
    response = make_current(alice, edited, 3)
    script.open()

    assert response.json()["errors"][0]["code"] == "turn_in_progress"
    assert chat(alice, edited, "Fourth?", client_id="k4").status_code == 200
    assert current(alice, edited) == [1, 2, 5, 6, 7, 8]


def test_a_fork_has_the_branch_that_was_current(alice: Person, edited: Any) -> None:
    make_current(alice, edited, 3)
    fork = alice.client.post(path(edited, "fork"), {}, format="json").json()

    assert current(alice, fork) == [1, 2, 3, 4]
    make_current(alice, fork, 5)
    assert current(alice, fork) == [1, 2, 5, 6]
