"""`GET /session/{id}`."""

import pytest

from tests.api.bodies import EXPIRED, NO_SESSION, NO_TOKEN, UNKNOWN, invalid, path


def seqs(body):
    return [message["seq"] for message in body["messages"]]


def test_it_reads_a_session_with_its_messages_oldest_first(alice, create, append):
    session = create(title="Lisbon", metadata={"channel": "web"})
    messages = [append(session, "one"), append(session, "two", role="assistant")]
    response = alice.client.get(path(session))
    body = response.json()
    assert response.status_code == 200
    assert body["messages"] == messages
    assert body["has_more"] is False
    changed = {"message_count": 2, "token_count": sum(m["token_count"] for m in messages)}
    moved = {name: body[name] for name in ("updated_at", "expires_at", "messages", "has_more")}
    assert body == session | changed | moved


def test_a_session_without_messages_has_none(alice, session):
    assert alice.client.get(path(session)).json() == session | {"messages": [], "has_more": False}


def test_it_shows_the_newest_fifty(alice, session, fill):
    fill(session, 60)
    body = alice.client.get(path(session)).json()
    assert seqs(body) == list(range(11, 61))
    assert body["has_more"] is True


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize(
    ("limit", "first", "more"), [(1, 700, True), (64, 637, True), (500, 201, True)]
)
def test_a_limit_reaches_back_beyond_the_tail(alice, session, fill, limit, first, more):
    fill(session, 700)
    body = alice.client.get(path(session) + f"?limit={limit}").json()
    assert seqs(body) == list(range(first, 701))
    assert [m["content"] for m in body["messages"]] == [f"message {n}" for n in seqs(body)]
    assert body["has_more"] is more


def test_a_limit_of_all_messages_leaves_no_more(alice, session, fill):
    fill(session, 130)
    body = alice.client.get(path(session) + "?limit=130").json()
    assert (len(body["messages"]), body["has_more"]) == (130, False)


@pytest.mark.parametrize(
    ("limit", "code", "detail"),
    [
        ("0", "min_value", "Ensure this value is greater than or equal to 1."),
        ("501", "max_value", "Ensure this value is less than or equal to 500."),
        ("-5", "min_value", "Ensure this value is greater than or equal to 1."),
        ("ten", "invalid", "A valid integer is required."),
    ],
)
def test_other_limits_are_refused(alice, session, limit, code, detail):
    response = alice.client.get(path(session) + f"?limit={limit}")
    assert response.status_code == 400
    assert response.json() == invalid("limit", detail, code)


def test_reading_changes_nothing(alice, session, stored):
    before = stored()
    tags = {alice.client.get(path(session))["ETag"] for _ in range(3)}
    assert len(tags) == 1
    assert stored() == before


def test_every_write_makes_another_version(alice, session, append):
    tags = [alice.client.get(path(session))["ETag"]]
    for write in (
        lambda: append(session),
        lambda: alice.client.patch(path(session), {"title": "x"}),
        lambda: alice.client.delete(path(session, "messages", 1)),
        lambda: alice.client.post(path(session, "archive")),
        lambda: alice.client.post(path(session, "restore")),
    ):
        write()
        tags.append(alice.client.get(path(session))["ETag"])
    assert len(set(tags)) == 6


def test_head_answers_with_the_headers_alone(alice, session):
    got, head = alice.client.get(path(session)), alice.client.head(path(session))
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", got["ETag"])


def test_an_archived_session_can_be_read(alice, session, append, archive):
    append(session)
    archive(session)
    body = alice.client.get(path(session)).json()
    assert (body["status"], seqs(body), body["expires_at"]) == ("archived", [1], None)


def test_a_tombstone_keeps_its_place(alice, session, append):
    append(session, "secret", name="Alice", metadata={"a": "b"}, client_id="k")
    alice.client.delete(path(session, "messages", 1))
    (tombstone,) = alice.client.get(path(session)).json()["messages"]
    assert (tombstone["seq"], tombstone["deleted"], tombstone["content"]) == (1, True, "")
    assert (tombstone["name"], tombstone["metadata"], tombstone["token_count"]) == (None, {}, 0)


def test_an_expired_session_is_gone_at_once(alice, session, expire):
    expire(session)
    response = alice.client.get(path(session))
    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_a_session_that_expires_later_is_there(alice, create):
    assert alice.client.get(path(create(ttl_seconds=60))).status_code == 200


def test_a_stranger_does_not_learn_that_a_session_has_expired(bob, session, expire):
    expire(session)
    response = bob.client.get(path(session))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_an_unknown_session_is_not_found(alice):
    response = alice.client.get(path(UNKNOWN))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("get")


def test_it_needs_a_token(anybody, session):
    for session_id in (session["session_id"], UNKNOWN):
        response = anybody.get(path(session_id))
        assert (response.status_code, response.json()) == (401, NO_TOKEN)
