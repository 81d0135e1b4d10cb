"""Deleting and archiving many sessions by one request."""

from typing import Any

import pytest

from tests.api.bodies import NO_TOKEN, UNKNOWN
from tests.conftest import Person

pytestmark = pytest.mark.mongod("transactions")


@pytest.fixture
def several(create: Any) -> Any:
    return [create(title=str(n), tags=["old"], messages=[{"content": "Hi"}]) for n in range(4)]


@pytest.fixture
def other(create: Any) -> Any:
    return create(title="kept", tags=["new"])


def left(person: Person, **query: Any) -> list[str]:
    listed = person.client.get("/session", query).json()["results"]
    return sorted(session["title"] for session in listed)


def results(response: Any) -> list[str]:
    assert response.status_code == 200, response.content
    return [each["result"] for each in response.json()["results"]]


def test_a_filter_deletes_what_meets_it(alice: Person, several: Any, other: Any, database: Any):
    response = alice.client.delete("/session?tag=old")
    assert response.json() | {"results": []} == {
        "matched": 4, "held": 0, "dry_run": False, "has_more": False, "results": [],
    }  # fmt: skip
    assert results(response) == ["deleted"] * 4
    assert left(alice) == ["kept"]
    assert database.sessions.count_documents({}) == 1
    again = alice.client.delete("/session?tag=old").json()
    assert (again["matched"], again["results"]) == (0, [])


def test_a_dry_run_only_counts(alice: Person, several: Any, other: Any):
    response = alice.client.delete("/session?tag=old&dry_run=true").json()
    assert response == {
        "matched": 4, "held": 0, "dry_run": True, "has_more": True, "results": [],
    }  # fmt: skip
    assert len(left(alice)) == 5


def test_a_limit_bounds_it_and_the_same_request_goes_on(alice: Person, several: Any):
    matched = []
    for has_more in (True, False):
        answer = alice.client.post("/session/delete", {"tag": "old", "limit": 2}).json()
        assert (len(answer["results"]), answer["has_more"]) == (2, has_more)
        matched.append(answer["matched"])
    assert matched == [4, 2]
    assert left(alice) == []


def test_a_legal_hold_keeps_a_session(alice: Person, several: Any, database: Any):
    held = several[0]["session_id"]
    database.sessions.update_one({"_id": held}, {"$set": {"legal_hold": True}})
    by_filter = alice.client.delete("/session?tag=old").json()
    assert (by_filter["matched"], by_filter["held"], by_filter["has_more"]) == (4, 1, False)
    assert left(alice) == ["0"]
    by_id = alice.client.post("/session/delete", {"session_ids": [held]}).json()
    assert by_id["results"] == [{"session_id": held, "result": "held"}]


def test_ids_name_them(alice: Person, bob: Person, several: Any):
    ids = [several[0]["session_id"], UNKNOWN, several[0]["session_id"]]
    stranger = bob.client.post("/session/delete", {"session_ids": ids})
    assert results(stranger) == ["not_found", "not_found"]
    assert results(alice.client.post("/session/delete", {"session_ids": ids})) == [
        "deleted", "not_found",
    ]  # fmt: skip
    assert left(alice) == ["1", "2", "3"]


def test_a_filter_means_only_ones_own(bob: Person, alice: Person, several: Any):
    assert bob.client.delete("/session?tag=old").json()["matched"] == 0
    assert len(left(alice)) == 4


@pytest.mark.parametrize("by", ["query", "body"])
def test_many_are_archived(alice: Person, several: Any, other: Any, by: str):
    response = (
        alice.client.post("/session/archive?tag=old", {})
        if by == "query"
        else alice.client.post("/session/archive", {"tag": "old"})
    )
    assert results(response) == ["archived"] * 4
    assert left(alice, status="archived") == ["0", "1", "2", "3"]
    again = alice.client.post("/session/archive", {"tag": "old"}).json()
    assert (again["matched"], again["results"]) == (0, [])
    ids = {"session_ids": [several[0]["session_id"]]}
    assert results(alice.client.post("/session/archive", ids)) == ["archived"]


def test_archived_ones_are_deleted_by_their_status(alice: Person, several: Any, archive: Any):
    archive(several[0])
    assert alice.client.delete("/session?status=archived").json()["matched"] == 1
    assert left(alice) == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("delete", "/session", None),
        ("delete", "/session?limit=5", None),
        ("delete", "/session?bogus=1", None),
        ("delete", "/session?tag=&status=active", None),
        ("delete", "/session?pinned=&tag=old", None),
        ("delete", "/session?tag=old&limit=101", None),
        ("post", "/session/delete", {}),
        ("post", "/session/delete", {"metadata": {}}),
        ("post", "/session/delete", {"session_ids": []}),
        ("post", "/session/delete", {"session_ids": ["x"] * 101}),
        ("post", "/session/delete", {"session_ids": ["x"], "tag": "old"}),
        ("post", "/session/delete", {"user_id": "somebody"}),
        ("post", "/session/delete?tag=old", {}),
        ("post", "/session/archive", {}),
        ("post", "/session/archive?tag=old", {"tag": "old"}),
        ("post", "/session/archive", {"status": "archived"}),
        ("post", "/session/archive", {"temporary": True}),
    ],
)  # fmt: skip
def test_what_does_not_say_which_is_refused(
    alice: Person, several: Any, method: str, url: str, body: Any
):
    response = getattr(alice.client, method)(url, body)
    assert response.status_code == 400, response.content
    assert len(left(alice)) == 4


def test_it_needs_a_token(anybody: Any):
    for response in (anybody.delete("/session?tag=a"), anybody.post("/session/delete", {})):
        assert (response.status_code, response.json()) == (401, NO_TOKEN)
