"""`POST /session/{id}/fork`."""

from datetime import datetime, timedelta

import pytest

from tests.api.bodies import CONTROLS, EXPIRED, NO_SESSION, NO_TOKEN, UNKNOWN, invalid, path

NO_SUCH = "The session has no message at this seq."


def fork(person, session, body=None):
    return person.client.post(path(session, "fork"), body or {})


def read(person, session):
    return person.client.get(path(session, "messages?limit=500")).json()["results"]


def apart_from(message, *names):
    return {name: value for name, value in message.items() if name not in names}


def test_it_makes_a_session_with_the_same_history(alice, create, append):
    source = create(title="Lisbon", metadata={"a": "b"}, context_policy={"max_tokens": 99})
    one = append(source, "one", client_id="k", metadata={"c": "d"}, name="Alice")
    two = append(source, "two", role="assistant")
    response = fork(alice, source)
    copy = response.json()
    assert response.status_code == 201
    assert copy["session_id"] != source["session_id"]
    kept = ("title", "metadata", "context_policy", "user_id", "status", "context_start")
    assert {name: copy[name] for name in kept} == {name: source[name] for name in kept}
    tokens = one["token_count"] + two["token_count"]
    assert (copy["message_count"], copy["token_count"]) == (2, tokens)
    copied, original = ([apart_from(m, "id") for m in read(alice, s)] for s in (copy, source))
    assert copied == original


def test_it_says_where_the_fork_is_and_which_version(alice, session):
    response = fork(alice, session)
    assert response["Location"] == path(response.json())
    assert response["ETag"] == alice.client.get(response["Location"])["ETag"]


def test_messages_of_a_fork_have_ids_of_their_own(alice, session, fill):
    fill(session, 150)
    ids = [m["id"] for s in (session, fork(alice, session).json()) for m in read(alice, s)]
    assert len(set(ids)) == 300


@pytest.mark.parametrize("up_to_seq", [1, 64, 65, 129, 299, 300, None])
def test_it_takes_the_history_up_to_a_message(alice, session, fill, up_to_seq):
    fill(session, 300)
    copy = fork(alice, session, {"up_to_seq": up_to_seq}).json()
    messages = read(alice, copy)
    last = up_to_seq or 300
    assert [(m["seq"], m["content"]) for m in messages] == [
        (n, f"message {n}") for n in range(1, last + 1)
    ]
    assert copy["message_count"] == last
    assert copy["token_count"] == sum(m["token_count"] for m in messages)


def test_a_session_without_messages_can_be_forked(alice, session):
    assert fork(alice, session).json()["message_count"] == 0


def test_it_needs_no_body(alice, session):
    assert alice.client.post(path(session, "fork")).status_code == 201


@pytest.mark.parametrize("title", ["Porto", ""])
def test_a_fork_may_have_a_title_of_its_own(alice, create, title):
    assert fork(alice, create(title="Lisbon"), {"title": title}).json()["title"] == title


def test_a_title_of_null_is_that_of_the_source(alice, create):
    assert fork(alice, create(title="Lisbon"), {"title": None}).json()["title"] == "Lisbon"


def test_the_source_stays_as_it_was(alice, session, fill, stored):
    fill(session, 200)
    before = stored()
    fork(alice, session)
    for name, documents in before.items():
        assert [d for d in stored()[name] if d in documents] == documents


def test_source_and_fork_go_separate_ways(alice, session, append):
    append(session, "shared")
    copy = fork(alice, session).json()
    append(session, "source only")
    append(copy, "fork only")
    alice.client.delete(path(copy, "messages", 1))
    assert [m["content"] for m in read(alice, session)] == ["shared", "source only"]
    assert [m["content"] for m in read(alice, copy)] == ["", "fork only"]


def test_a_tombstone_is_copied_as_one(alice, session, append, fill, stored):
    append(session, "secret", client_id="k")
    fill(session, 200)
    alice.client.delete(path(session, "messages", 1))
    copy = fork(alice, session).json()
    first = read(alice, copy)[0]
    assert (first["deleted"], first["content"], first["token_count"]) == (True, "", 0)
    assert "secret" not in repr(stored())


def test_a_key_of_the_source_holds_in_the_fork(alice, session, append, fill):
    append(session, "x", client_id="k")
    fill(session, 200)
    copy = fork(alice, session).json()
    body = {"content": "x", "client_id": "k"}
    assert alice.client.post(path(copy, "message"), body).json()["seq"] == 1


def test_a_fork_begins_its_timeout_anew(alice, create, database):
    source = create(ttl_seconds=3_600)
    soon = datetime.fromisoformat(source["created_at"]) + timedelta(seconds=30)
    database.sessions.update_one({}, {"$set": {"expires_at": soon}})
    copy = fork(alice, source).json()
    created, expires = (datetime.fromisoformat(copy[n]) for n in ("created_at", "expires_at"))
    assert expires - created == timedelta(hours=1)


def test_a_fork_of_an_archived_session_is_active(alice, session, append, archive):
    append(session)
    archive(session)
    copy = fork(alice, session).json()
    assert (copy["status"], copy["message_count"]) == ("active", 1)
    assert append(copy)["seq"] == 2


def test_a_fork_can_be_forked(alice, session, fill):
    fill(session, 130)
    again = fork(alice, fork(alice, session).json()).json()
    assert [m["seq"] for m in read(alice, again)] == list(range(1, 131))


def test_a_legal_hold_stays_with_the_source(alice, session, database):
    database.sessions.update_one({}, {"$set": {"legal_hold": True}})
    copy = fork(alice, session).json()
    assert alice.client.delete(path(copy)).status_code == 204


@pytest.mark.parametrize(
    ("body", "attr", "code", "detail"),
    [
        ({"up_to_seq": 3}, "up_to_seq", "invalid", NO_SUCH),
        ({"up_to_seq": 10**30}, "up_to_seq", "invalid", NO_SUCH),
        (
            {"up_to_seq": 0},
            "up_to_seq",
            "min_value",
            "Ensure this value is greater than or equal to 1.",
        ),
        ({"up_to_seq": "1"}, "up_to_seq", "invalid", "A valid integer is required."),
        ({"up_to_seq": 1.5}, "up_to_seq", "invalid", "A valid integer is required."),
        ({"up_to_seq": True}, "up_to_seq", "invalid", "A valid integer is required."),
        ({"up_to_seq": {"$gt": 0}}, "up_to_seq", "invalid", "A valid integer is required."),
        ({"title": 5}, "title", "invalid", "Not a valid string."),
        ({"title": "\x00"}, "title", "control_characters", CONTROLS),
    ],
)
def test_it_refuses_what_is_wrong_and_names_it(
    alice, session, append, stored, body, attr, code, detail
):
    append(session)
    append(session)
    before = stored()
    response = fork(alice, session, body)
    assert (response.status_code, response.json()) == (400, invalid(attr, detail, code))
    assert stored() == before


def test_an_expired_session_is_gone(alice, session, expire, stored):
    expire(session)
    before = stored()
    response = fork(alice, session)
    assert (response.status_code, response.json()) == (410, EXPIRED)
    assert stored() == before


def test_an_unknown_session_is_not_found(alice):
    response = fork(alice, UNKNOWN)
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("post", "fork", body={"up_to_seq": 1})


def test_it_needs_a_token(anybody, session, stored):
    before = stored()
    response = anybody.post(path(session, "fork"), {})
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert stored() == before
