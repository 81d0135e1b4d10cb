"""`POST /session/create` and `POST …/fork` with an `Idempotency-Key`: once, however often sent."""

from typing import Any

import pytest

from tests.api.bodies import path
from tests.conftest import Person
from tests.waiting import Threads

KEY = {"HTTP_IDEMPOTENCY_KEY": "order-7"}


def create(person: Person, body: dict[str, Any] | None = None, **headers: str) -> Any:
    return person.client.post("/session/create", body or {"title": "Lisbon"}, **{**KEY, **headers})


def count(person: Person) -> int:
    return len(person.client.get("/session").json()["results"])


def test_a_repeat_is_answered_with_the_session_that_is_there(alice: Person):
    first, again = create(alice), create(alice)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert count(alice) == 1


def test_it_shows_the_session_as_it_is_by_then(alice: Person):
    first = create(alice).json()
    alice.client.post(f"{path(first)}/message", {"content": "Hi"})
    again = create(alice).json()
    assert (again["session_id"], again["message_count"]) == (first["session_id"], 1)


def test_the_order_of_members_makes_no_other_body(alice: Person):
    body = {"title": "Lisbon", "metadata": {"channel": "web"}}
    first = create(alice, body)
    again = create(alice, dict(reversed(body.items())))
    assert again.json()["session_id"] == first.json()["session_id"]


def test_another_body_under_the_same_key_is_refused(alice: Person):
    create(alice)
    other = create(alice, {"title": "Porto"})
    assert other.status_code == 422
    assert other.json()["errors"][0]["code"] == "idempotency_mismatch"
    assert count(alice) == 1


def test_keys_of_two_users_do_not_meet(alice: Person, bob: Person):
    assert create(alice).json()["session_id"] != create(bob).json()["session_id"]


def test_without_a_key_each_request_makes_a_session(alice: Person):
    for _ in range(2):
        assert alice.client.post("/session/create", {"title": "Lisbon"}).status_code == 201
    assert count(alice) == 2


def test_many_at_once_make_one(alice: Person):
    with Threads(8) as pool:
        made = list(pool.map(lambda _: create(alice), range(8)))
    assert {response.status_code for response in made} <= {200, 201}
    assert len({response.json()["session_id"] for response in made}) == 1
    assert count(alice) == 1


def test_what_was_deleted_since_is_not_made_again(alice: Person):
    alice.client.delete(path(create(alice).json()))
    assert create(alice).status_code == 404


@pytest.mark.parametrize("key", ["", "x" * 201, "a\x00b"])
def test_a_key_that_is_none_is_refused(alice: Person, key: str):
    response = create(alice, HTTP_IDEMPOTENCY_KEY=key)
    assert response.status_code == 400
    assert response.json()["errors"][0]["attr"] == "client_id"


def test_so_is_a_fork(alice: Person):
    source = path(create(alice, {"messages": [{"content": "Hi"}]}).json())
    first, again = (alice.client.post(f"{source}/fork", {}, **KEY) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["session_id"] == first.json()["session_id"]
    assert alice.client.post(f"{source}/fork", {"up_to_seq": 1}, **KEY).status_code == 422
