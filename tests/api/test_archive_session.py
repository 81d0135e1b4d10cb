"""`POST /session/{id}/archive`."""

from tests.api.bodies import EXPIRED, NO_SESSION, NO_TOKEN, UNKNOWN, path


def test_it_makes_a_session_read_only(alice, session, append):
    append(session)
    before = alice.client.get(path(session)).json()
    response = alice.client.post(path(session, "archive"))
    body = response.json()
    assert response.status_code == 200
    after = alice.client.get(path(session))
    assert after.json() == body | {"messages": before["messages"], "has_more": False}
    assert after["ETag"] == response["ETag"]
    changed = {"status": "archived", "expires_at": None, "updated_at": body["updated_at"]}
    assert after.json() == before | changed


def test_twice_is_the_same_as_once(alice, session, stored):
    first = alice.client.post(path(session, "archive"))
    before = stored()
    again = alice.client.post(path(session, "archive"))
    assert (again.status_code, again.json(), again["ETag"]) == (200, first.json(), first["ETag"])
    assert stored() == before


def test_an_archived_session_does_not_expire(alice, create, archive, database):
    session = create(ttl_seconds=1)
    archive(session)
    assert "expires_at" not in database.sessions.find_one({})
    assert alice.client.get(path(session)).status_code == 200


def test_all_messages_stay_readable(alice, session, fill, archive):
    fill(session, 200)
    archive(session)
    page = alice.client.get(path(session, "messages?limit=500")).json()
    assert [m["content"] for m in page["results"]] == [f"message {n}" for n in range(1, 201)]


def test_it_takes_an_empty_object(alice, session):
    assert alice.client.post(path(session, "archive"), {}).status_code == 200


def test_an_expired_session_is_gone(alice, session, expire, stored):
    expire(session)
    before = stored()
    response = alice.client.post(path(session, "archive"))
    assert (response.status_code, response.json()) == (410, EXPIRED)
    assert stored() == before


def test_an_unknown_session_is_not_found(alice):
    response = alice.client.post(path(UNKNOWN, "archive"))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("post", "archive")


def test_it_needs_a_token(anybody, session, stored):
    before = stored()
    response = anybody.post(path(session, "archive"))
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert stored() == before
