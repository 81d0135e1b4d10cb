"""`POST /session/{id}/restore`."""

from datetime import datetime, timedelta

import pytest

from tests.api.bodies import EXPIRED, NO_SESSION, NO_TOKEN, UNKNOWN, path


def lifetime(session):
    begun, ends = (datetime.fromisoformat(session[name]) for name in ("updated_at", "expires_at"))
    return ends - begun


@pytest.mark.parametrize("ttl_seconds", [60, None])
def test_it_makes_a_session_active_again_with_a_new_timeout(alice, create, archive, ttl_seconds):
    session = create(ttl_seconds=ttl_seconds, messages=[{"content": "x"}])
    archive(session)
    response = alice.client.post(path(session, "restore"))
    body = response.json()
    moved = {name: body[name] for name in ("updated_at", "expires_at")}
    assert (response.status_code, body) == (200, session | moved)
    assert lifetime(body) == timedelta(seconds=ttl_seconds or 2_592_000)
    assert response["ETag"] == alice.client.get(path(session))["ETag"]


def test_a_session_without_a_timeout_has_none_again(alice, create, archive):
    session = create(ttl_seconds=0)
    archive(session)
    assert alice.client.post(path(session, "restore")).json()["expires_at"] is None


def test_it_takes_messages_again_where_it_left_off(alice, session, fill, append, archive):
    fill(session, 200)
    archive(session)
    alice.client.post(path(session, "restore"))
    assert append(session)["seq"] == 201


def test_an_active_session_stays_as_it_is(alice, session, stored):
    before = stored()
    response = alice.client.post(path(session, "restore"))
    assert (response.status_code, response.json()) == (200, session)
    assert stored() == before


def test_an_expired_session_comes_back(alice, session, append, expire):
    append(session, "kept")
    expire(session)
    response = alice.client.post(path(session, "restore"))
    assert response.status_code == 200
    assert lifetime(response.json()) == timedelta(days=30)
    assert [m["content"] for m in alice.client.get(path(session)).json()["messages"]] == ["kept"]


def test_where_expiry_deletes_an_expired_session_is_gone(alice, session, expire, settings, stored):
    settings.EXPIRY_MODE = "delete"
    expire(session)
    before = stored()
    response = alice.client.post(path(session, "restore"))
    assert (response.status_code, response.json()) == (410, EXPIRED)
    assert stored() == before


def test_where_expiry_deletes_an_archived_session_can_still_be_restored(
    alice, session, archive, settings
):
    settings.EXPIRY_MODE = "delete"
    archive(session)
    assert alice.client.post(path(session, "restore")).status_code == 200


def test_an_unknown_session_is_not_found(alice):
    response = alice.client.post(path(UNKNOWN, "restore"))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("post", "restore")


def test_a_stranger_does_not_bring_back_what_has_expired(bob, session, expire, stored):
    expire(session)
    before = stored()
    response = bob.client.post(path(session, "restore"))
    assert (response.status_code, response.json()) == (404, NO_SESSION)
    assert stored() == before


def test_it_needs_a_token(anybody, session, stored):
    before = stored()
    response = anybody.post(path(session, "restore"))
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert stored() == before
