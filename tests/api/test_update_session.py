"""`PATCH /session/{id}`."""

from datetime import datetime, timedelta

import pytest

from tests.api.bodies import (
    ARCHIVED,
    CHANGED,
    EXPIRED,
    NO_SESSION,
    NO_TOKEN,
    UNKNOWN,
    invalid,
    path,
)


def patch(person, session, body, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return person.client.patch(path(session), body, headers=names)


def lifetime(session):
    begun, ends = (datetime.fromisoformat(session[name]) for name in ("updated_at", "expires_at"))
    return ends - begun


@pytest.mark.parametrize(
    "change",
    [
        {"title": "Porto"},
        {"title": ""},
        {"metadata": {"a.b": "$set"}},
        {"metadata": {}},
    ],
)
def test_it_changes_one_field_and_no_other(alice, create, change):
    session = create(title="Lisbon", metadata={"channel": "web"})
    response = patch(alice, session, change)
    body = response.json()
    moved = {name: body[name] for name in ("updated_at", "expires_at")}
    assert response.status_code == 200
    assert body == session | change | moved


def test_it_changes_everything_at_once(alice, session):
    policy = {
        "strategy": "topic",
        "max_tokens": 100,
        "max_messages": 5,
        "on_topic_shift": "reset",
    }
    change = {"title": "x", "metadata": {"k": "v"}, "context_policy": policy}
    body = patch(alice, session, change | {"ttl_seconds": 60}).json()
    assert {name: body[name] for name in change} == change
    assert lifetime(body) == timedelta(seconds=60)


def test_a_policy_in_part_leaves_the_rest(alice, create):
    session = create(context_policy={"strategy": "recent", "max_tokens": 100})
    body = patch(alice, session, {"context_policy": {"max_tokens": 200}}).json()
    assert body["context_policy"] == session["context_policy"] | {"max_tokens": 200}


def test_a_timeout_of_zero_ends_expiry(alice, session):
    assert patch(alice, session, {"ttl_seconds": 0}).json()["expires_at"] is None


def test_a_timeout_of_null_is_the_default_again(alice, create):
    session = create(ttl_seconds=60)
    assert lifetime(patch(alice, session, {"ttl_seconds": None}).json()) == timedelta(days=30)


def test_a_new_timeout_holds_for_what_is_appended_later(alice, session, append):
    patch(alice, session, {"ttl_seconds": 60})
    append(session)
    assert lifetime(alice.client.get(path(session)).json()) == timedelta(seconds=60)


def test_a_change_moves_the_timeout(alice, create, database):
    session = create(ttl_seconds=3_600)
    soon = datetime.fromisoformat(session["created_at"]) + timedelta(seconds=30)
    database.sessions.update_one({}, {"$set": {"expires_at": soon}})
    assert lifetime(patch(alice, session, {"title": "x"}).json()) == timedelta(hours=1)


def test_a_change_of_nothing_changes_nothing(alice, session, stored):
    before = stored()
    response = patch(alice, session, {})
    assert (response.status_code, response.json(), response["ETag"]) == (200, session, '"1"')
    assert stored() == before


def test_the_messages_stay(alice, session, append):
    message = append(session)
    patch(alice, session, {"title": "x"})
    assert alice.client.get(path(session)).json()["messages"] == [message]


def test_what_is_not_the_clients_to_set_is_refused_by_name(alice, bob, session, stored):
    before = stored()
    body = {
        "user_id": bob.id,
        "session_id": UNKNOWN,
        "status": "archived",
        "message_count": 5,
        "version": 9,
        "legal_hold": True,
        "messages": [{"content": "x"}],
        "$set": {"user_id": bob.id},
    }
    response = patch(alice, session, body)
    assert response.status_code == 400
    named = {(problem["code"], problem["attr"]) for problem in response.json()["errors"]}
    assert named == {("unknown_parameter", name) for name in body}
    assert stored() == before


def test_it_gives_the_new_version(alice, session):
    response = patch(alice, session, {"title": "x"})
    assert response["ETag"] == alice.client.get(path(session))["ETag"] != '"1"'


@pytest.mark.parametrize(
    "header", ['"1"', "*", ' "1" ', '"7", "1"', '"7","1"', 'W/"7", "1"', '"1", "abc"', '"7" ,"1" ']
)
def test_if_match_lets_the_version_that_was_read_change(alice, session, header):
    assert patch(alice, session, {"title": "x"}, If_Match=header).status_code == 200


@pytest.mark.parametrize(
    "header",
    [
        '"2"',
        'W/"1"',
        "1",
        "'1'",
        '"1',
        '1"',
        "",
        '"abc"',
        '"-1"',
        '"1.0"',
        '"1" "2"',
        '"" "1"',
        '"99999999999999999999999999"',
        '{"$gt": 0}',
        "²",
        "x" * 5_000,
    ],
)
def test_if_match_refuses_every_other_version(alice, session, stored, header):
    before = stored()
    response = patch(alice, session, {"title": "x"}, If_Match=header)
    assert (response.status_code, response.json()) == (412, CHANGED)
    assert stored() == before


def test_a_version_is_good_for_one_change(alice, session):
    codes = [patch(alice, session, {"title": "x"}, If_Match='"1"').status_code for _ in range(2)]
    assert codes == [200, 412]


def test_a_message_makes_the_version_old(alice, session, append):
    append(session)
    response = patch(alice, session, {"title": "x"}, If_Match='"1"')
    assert (response.status_code, response.json()) == (412, CHANGED)


def test_if_match_is_honoured_for_a_change_of_nothing(alice, session, append):
    append(session)
    assert patch(alice, session, {}, If_Match='"1"').status_code == 412
    assert patch(alice, session, {}, If_Match='"2"').status_code == 200


@pytest.mark.parametrize(
    ("body", "attr", "code"),
    [
        ({"title": None}, "title", "null"),
        ({"title": "x" * 201}, "title", "max_length"),
        ({"title": {"$set": 1}}, "title", "invalid"),
        ({"metadata": None}, "metadata", "null"),
        ({"metadata": {"a": ["b"]}}, "metadata", "invalid"),
        ({"ttl_seconds": -1}, "ttl_seconds", "min_value"),
        ({"ttl_seconds": 10**30}, "ttl_seconds", "max_value"),
        ({"ttl_seconds": [60]}, "ttl_seconds", "invalid"),
        ({"context_policy": None}, "context_policy", "null"),
        ({"context_policy": {"strategy": None}}, "context_policy.strategy", "null"),
        ({"context_policy": {"max_messages": 10_001}}, "context_policy.max_messages", "max_value"),
    ],
)
def test_it_refuses_what_is_wrong_and_names_it(alice, session, stored, body, attr, code):
    before = stored()
    response = patch(alice, session, body)
    (problem,) = response.json()["errors"]
    assert (response.status_code, response.json()["type"]) == (400, "validation_error")
    assert (problem["attr"], problem["code"]) == (attr, code)
    assert stored() == before


@pytest.mark.parametrize("body", [[], "x", 5, True])
def test_it_refuses_a_body_that_is_not_an_object(alice, session, body):
    response = patch(alice, session, body)
    kind = {"list": "list", "str": "str", "int": "int", "bool": "bool"}[type(body).__name__]
    detail = f"Invalid data. Expected a dictionary, but got {kind}."
    assert (response.status_code, response.json()) == (400, invalid("non_field_errors", detail))


def test_an_archived_session_is_read_only(alice, session, archive, stored):
    archive(session)
    before = stored()
    for header in ({}, {"If_Match": '"1"'}):
        response = patch(alice, session, {"title": "x"}, **header)
        assert (response.status_code, response.json()) == (409, ARCHIVED)
    assert stored() == before


def test_an_expired_session_is_gone(alice, session, expire):
    expire(session)
    response = patch(alice, session, {"ttl_seconds": 0})
    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_an_unknown_session_is_not_found_whatever_the_version(alice):
    response = patch(alice, UNKNOWN, {"title": "x"}, If_Match='"1"')
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("patch", body={"title": "mine"})


def test_it_needs_a_token(anybody, session, stored):
    before = stored()
    response = anybody.patch(path(session), {"title": "x"})
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert stored() == before
