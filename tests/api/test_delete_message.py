"""`DELETE /session/{id}/messages/{seq}`."""

import pytest

from tests.api.bodies import (
    ARCHIVED,
    EXPIRED,
    NO_MESSAGE,
    NO_SESSION,
    NO_TOKEN,
    UNKNOWN,
    path,
)

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "secret"}}


def delete(person, session, seq=1):
    return person.client.delete(path(session, "messages", seq))


def newest(person, session):
    return person.client.get(path(session)).json()


def test_it_leaves_a_tombstone(alice, session, append):
    message = append(
        session, "secret", role="assistant", name="x", metadata={"a": "secret"}, tool_calls=[CALL]
    )
    response = delete(alice, session)
    gone = {"content": "", "token_count": 0, "deleted": True, "name": None}
    assert (response.status_code, response.content) == (204, b"")
    assert newest(alice, session)["messages"] == [
        message | gone | {"tool_calls": None, "metadata": {}}
    ]


def test_nothing_of_it_stays_in_storage(alice, session, append, stored):
    append(session, "secret", role="assistant", metadata={"a": "secret"}, tool_calls=[CALL])
    delete(alice, session)
    assert "secret" not in repr(stored())


def test_nothing_of_an_old_message_stays_in_storage(alice, session, append, fill, stored):
    append(session, "secret", metadata={"a": "secret"})
    fill(session, 200)
    assert delete(alice, session).status_code == 204
    assert "secret" not in repr(stored())


def test_no_seq_is_given_out_again(alice, session, append):
    append(session)
    delete(alice, session)
    assert append(session)["seq"] == 2


@pytest.mark.parametrize("seq", [1, 64, 65, 128, 129, 250, 300])
def test_it_erases_any_message_and_no_other(alice, session, fill, seq):
    fill(session, 300)
    assert delete(alice, session, seq).status_code == 204
    results = alice.client.get(path(session, "messages?limit=500")).json()["results"]
    expected = ["" if n == seq else f"message {n}" for n in range(1, 301)]
    assert [m["content"] for m in results] == expected
    assert [m["seq"] for m in results if m["deleted"]] == [seq]


@pytest.mark.parametrize("seq", [1, 299])
def test_the_session_counts_the_place_but_not_the_tokens(alice, session, fill, seq):
    fill(session, 300)
    delete(alice, session, seq)
    results = alice.client.get(path(session, "messages?limit=500")).json()["results"]
    read = newest(alice, session)
    assert read["message_count"] == 300
    assert read["token_count"] == sum(m["token_count"] for m in results)


@pytest.mark.parametrize("seq", [1, 300])
def test_twice_is_the_same_as_once(alice, session, fill, stored, seq):
    fill(session, 300)
    delete(alice, session, seq)
    before = stored()
    assert delete(alice, session, seq).status_code == 204
    assert stored() == before


def test_it_makes_a_new_version(alice, session, append):
    append(session)
    before = alice.client.get(path(session))["ETag"]
    delete(alice, session)
    assert alice.client.get(path(session))["ETag"] != before


@pytest.mark.parametrize(
    "seq",
    [
        "0",
        "2",
        "301",
        "-1",
        "+1",
        "1e3",
        "1.0",
        "1_0",
        "0x1",
        "abc",
        "²",
        "١",
        "%20",
        "1%00",
        "1%0a",
        "$gt",
        "1,2",
        "99999999999",
        "2147483647",
        "2147483648",
        f"{10**30}",
        "9" * 10_000,
    ],
)
def test_another_seq_is_not_found(alice, session, append, stored, seq):
    append(session)
    before = stored()
    response = delete(alice, session, seq)
    assert (response.status_code, response.json()) == (404, NO_MESSAGE)
    assert stored() == before


def test_an_archived_session_is_read_only(alice, session, append, archive, stored):
    append(session)
    archive(session)
    before = stored()
    for seq in (1, 2):
        response = delete(alice, session, seq)
        assert (response.status_code, response.json()) == (409, ARCHIVED)
    assert stored() == before


def test_an_expired_session_is_gone(alice, session, append, expire, stored):
    append(session)
    expire(session)
    before = stored()
    response = delete(alice, session)
    assert (response.status_code, response.json()) == (410, EXPIRED)
    assert stored() == before


def test_an_unknown_session_is_not_found(alice):
    response = delete(alice, UNKNOWN)
    assert (response.status_code, response.json()) == (404, NO_SESSION)


@pytest.mark.parametrize("seq", [1, 2, "abc"])
def test_a_stranger_cannot_tell_it_from_one_that_never_was(bob, carol, session, append, seq):
    append(session)
    for person in (bob, carol):
        answers = [delete(person, which, seq) for which in (session, UNKNOWN)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content


def test_a_stranger_erases_nothing(hidden):
    hidden("delete", "messages", 1)


def test_it_needs_a_token(anybody, session, append, stored):
    append(session)
    before = stored()
    response = delete_without_token(anybody, session)
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert stored() == before


def delete_without_token(client, session):
    return client.delete(path(session, "messages", 1))


@pytest.mark.parametrize("method", ["get", "post", "patch", "put"])
def test_a_message_can_only_be_deleted(alice, session, append, method):
    append(session)
    response = getattr(alice.client, method)(path(session, "messages", 1))
    assert (response.status_code, response["Allow"]) == (405, "DELETE, OPTIONS")
