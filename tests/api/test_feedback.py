"""`PUT, DELETE /session/{id}/messages/{seq}/feedback`."""

from typing import Any

import pytest

from sessions_app.services.audits import integrity
from tests.api.bodies import EXPIRED, NO_MESSAGE, NO_TOKEN, path
from tests.conftest import Person

UP = {"rating": "up"}


def rate(person: Person, session: Any, seq: Any, body: Any = UP) -> Any:
    return person.client.put(path(session, "messages", seq, "feedback"), body)


def shown(person: Person, session: Any, seq: int) -> dict[str, Any]:
    page = person.client.get(path(session, "messages"), {"after": seq - 1, "limit": 1}).json()
    [message] = page["results"]
    return dict(message)


@pytest.fixture
def talked(session: Any, append: Any) -> Any:
    append(session, "Which hotels?")
    append(session, "Three.", role="assistant")
    return session


def test_a_reply_is_rated_and_shows_it(alice: Person, talked: Any) -> None:
    response = rate(alice, talked, 2, {"rating": "down", "comment": "Too short."})

    assert response.status_code == 200
    feedback = response.json()["feedback"]
    assert (feedback["rating"], feedback["comment"]) == ("down", "Too short.")
    assert shown(alice, talked, 2) == response.json()


def test_another_rating_replaces_it_and_it_can_be_taken_back(alice: Person, talked: Any) -> None:
    rate(alice, talked, 2, {"rating": "down", "comment": "Too short."})
    rate(alice, talked, 2)
    assert shown(alice, talked, 2)["feedback"]["rating"] == "up"
    assert shown(alice, talked, 2)["feedback"]["comment"] == ""
    response = alice.client.delete(path(talked, "messages", 2, "feedback"))

    assert response.status_code == 204
    assert "feedback" not in shown(alice, talked, 2)


def test_an_old_reply_of_a_long_session_is_rated(alice: Person, talked: Any, fill: Any) -> None:
    fill(talked, 300)
    rate(alice, talked, 2)

    assert shown(alice, talked, 2)["feedback"]["rating"] == "up"
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []


def test_an_erasure_takes_the_rating_along(alice: Person, talked: Any) -> None:
    rate(alice, talked, 2)
    alice.client.delete(path(talked, "messages", 2))

    assert "feedback" not in shown(alice, talked, 2)
    assert rate(alice, talked, 2).json() == NO_MESSAGE


@pytest.mark.parametrize(
    ("body", "attr"),
    [
        ({}, "rating"),
        ({"rating": "good"}, "rating"),
        ({"rating": "up", "comment": "x" * 2_001}, "comment"),
    ],
)
def test_a_rating_has_bounds(alice: Person, talked: Any, body: Any, attr: str) -> None:
    response = rate(alice, talked, 2, body)

    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == attr


def test_only_replies_are_rated(alice: Person, talked: Any) -> None:
    assert rate(alice, talked, 1).status_code == 400
    assert rate(alice, talked, 3).json() == NO_MESSAGE
    assert rate(alice, talked, "x").json() == NO_MESSAGE


def test_an_archived_session_is_still_rated(alice: Person, talked: Any) -> None:
    alice.client.post(path(talked, "archive"))

    assert rate(alice, talked, 2).status_code == 200


def test_an_expired_session_is_gone(alice: Person, talked: Any, expire: Any) -> None:
    expire(talked)
    response = rate(alice, talked, 2)

    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_a_stranger_sees_no_session(hidden: Any) -> None:
    hidden("put", "messages", 1, "feedback", body=UP)
    hidden("delete", "messages", 1, "feedback")


def test_it_needs_a_token(anybody: Any, talked: Any) -> None:
    response = anybody.put(path(talked, "messages", 2, "feedback"), UP)

    assert (response.status_code, response.json()) == (401, NO_TOKEN)
