"""`DELETE /session/{id}`."""

import pytest

from tests.api.bodies import NO_SESSION, NO_TOKEN, UNKNOWN, path
from tests.conftest import error

NOTHING = {"sessions": [], "message_buckets": [], "erased_users": []}


def test_it_destroys_the_session_with_all_its_messages(alice, session, fill, stored):
    fill(session, 300)
    assert stored()["message_buckets"]
    response = alice.client.delete(path(session))
    assert (response.status_code, response.content) == (204, b"")
    assert stored() == NOTHING


def test_it_leaves_other_sessions_alone(alice, bob, session, create, fill, stored):
    fill(create(), 300)
    bob.client.post("/session/create", {})
    before = stored()
    alice.client.delete(path(session))
    kept = [s for s in before["sessions"] if s["_id"] != session["session_id"]]
    assert stored() == before | {"sessions": kept}


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("get", []),
        ("patch", []),
        ("delete", []),
        ("post", ["message"]),
        ("get", ["messages"]),
        ("delete", ["messages", 1]),
        ("post", ["fork"]),
        ("post", ["archive"]),
        ("post", ["restore"]),
        ("get", ["export"]),
    ],
)
def test_nothing_is_found_of_it_afterwards(alice, session, append, stored, method, more):
    append(session)
    alice.client.delete(path(session))
    body = {"content": "Hello"} if more == ["message"] else None
    response = getattr(alice.client, method)(path(session, *more), body)
    assert (response.status_code, response.json()) == (404, NO_SESSION)
    assert stored() == NOTHING


def test_an_archived_session_can_be_deleted(alice, session, archive, stored):
    archive(session)
    assert alice.client.delete(path(session)).status_code == 204
    assert stored() == NOTHING


def test_an_expired_session_can_be_deleted(alice, session, expire, stored):
    expire(session)
    assert alice.client.delete(path(session)).status_code == 204
    assert stored() == NOTHING


def test_a_session_under_legal_hold_is_kept(alice, session, append, database, stored):
    append(session)
    database.sessions.update_one({}, {"$set": {"legal_hold": True}})
    before = stored()
    response = alice.client.delete(path(session))
    detail = "The session is under legal hold and cannot be deleted."
    assert (response.status_code, response.json()) == (409, error("legal_hold", detail))
    assert stored() == before


def test_a_fork_outlives_its_source(alice, session, fill):
    fill(session, 200)
    fork = alice.client.post(path(session, "fork"), {}).json()
    alice.client.delete(path(session))
    page = alice.client.get(path(fork, "messages?limit=500")).json()
    assert [m["content"] for m in page["results"]] == [f"message {n}" for n in range(1, 201)]


def test_an_unknown_session_is_not_found(alice):
    response = alice.client.delete(path(UNKNOWN))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("delete")


def test_it_needs_a_token(anybody, session, stored):
    before = stored()
    response = anybody.delete(path(session))
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert stored() == before
