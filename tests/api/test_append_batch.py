"""`POST /session/{id}/messages`."""

import pytest

from tests.api.bodies import (
    ARCHIVED,
    EXPIRED,
    NO_SESSION,
    NO_TOKEN,
    OTHER_BODY,
    UNKNOWN,
    invalid,
    path,
    too_large,
)


def post(person, session, messages, key=None):
    headers = {"Idempotency-Key": key} if key is not None else {}
    return person.client.post(path(session, "messages"), {"messages": messages}, headers=headers)


def batch(*contents, key=None):
    return [
        {"content": content} | ({"client_id": f"{key}{n}"} if key else {})
        for n, content in enumerate(contents)
    ]


def count(person, session):
    return person.client.get(path(session, "messages")).json()["latest_seq"]


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_appends_all_at_consecutive_seqs(alice, session, append):
    append(session)
    response = post(alice, session, [{"content": "a"}, {"role": "assistant", "content": "b"}])
    messages = response.json()["messages"]
    assert response.status_code == 201
    assert response.json().keys() == {"messages"}
    assert [(m["seq"], m["role"], m["content"]) for m in messages] == [
        (2, "user", "a"),
        (3, "assistant", "b"),
    ]
    assert alice.client.get(path(session, "messages?after=1")).json()["results"] == messages


@pytest.mark.parametrize("length", [1, 100])
def test_it_takes_up_to_a_hundred(alice, session, length):
    response = post(alice, session, batch(*"x" * length))
    assert (response.status_code, count(alice, session)) == (201, length)


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({}, "required", "This field is required."),
        ({"messages": None}, "null", "This field may not be null."),
        ({"messages": []}, "min_length", "Ensure this field has at least 1 elements."),
        (
            {"messages": [{"content": "x"}] * 101},
            "max_length",
            "Ensure this field has no more than 100 elements.",
        ),
        ({"messages": "x"}, "not_a_list", 'Expected a list of items but got type "str".'),
        ({"messages": {"0": {}}}, "not_a_list", 'Expected a list of items but got type "dict".'),
    ],
)
def test_other_batches_are_refused(alice, session, body, code, detail):
    response = alice.client.post(path(session, "messages"), body)
    assert (response.status_code, response.json()) == (400, invalid("messages", detail, code))


@pytest.mark.parametrize("place", [0, 1, 99])
def test_one_wrong_message_stores_none_and_is_named(alice, session, stored, place):
    before = stored()
    messages = batch(*"x" * 100)
    messages[place] = {"content": ""}
    response = post(alice, session, messages)
    detail = "May be empty only beside tool_calls."
    assert response.status_code == 400
    assert response.json() == invalid(f"messages.{place}.content", detail)
    assert stored() == before


def test_one_message_over_the_limit_stores_none_and_is_named(alice, session, stored):
    before = stored()
    response = post(alice, session, batch("x", "x" * 500_001))
    detail = "At most 500000 characters are allowed."
    assert (response.status_code, response.json()) == (413, too_large(detail, "messages.1.content"))
    assert stored() == before


def test_a_list_instead_of_an_object_is_refused(alice, session):
    response = alice.client.post(path(session, "messages"), [{"content": "x"}])
    detail = "Invalid data. Expected a dictionary, but got list."
    assert (response.status_code, response.json()) == (400, invalid("non_field_errors", detail))


def test_two_messages_may_not_share_a_key(alice, session, stored):
    before = stored()
    response = post(alice, session, [{"content": "a", "client_id": "k"}] * 2)
    detail = "Another message of this batch has the same client_id."
    assert (response.status_code, response.json()) == (
        400,
        invalid("messages.1.client_id", detail),
    )
    assert stored() == before


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_large_batch_is_read_back_whole(alice, session):
    post(alice, session, batch(*["word " * 6_000] * 100))
    page = alice.client.get(path(session, "messages?limit=500")).json()["results"]
    assert [m["seq"] for m in page] == list(range(1, 101))
    assert {m["content"] for m in page} == {"word " * 6_000}


# --- the same batch again ---------------------------------------------------------------------


def test_a_batch_sent_again_is_not_stored_again(alice, session, stored):
    first = post(alice, session, batch("a", "b", "c", key="k"))
    before = stored()
    again = post(alice, session, batch("a", "b", "c", key="k"))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert stored() == before


def test_a_batch_is_known_by_any_of_its_keys(alice, session):
    messages = [{"content": "a"}, {"content": "b", "client_id": "k"}, {"content": "c"}]
    answers = [post(alice, session, messages) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()


def test_the_header_gives_every_message_a_key(alice, session):
    answers = [post(alice, session, batch("a", "b"), key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    assert answers[0].json() == answers[1].json()
    assert len({m["client_id"] for m in answers[0].json()["messages"]}) == 2


@pytest.mark.parametrize(
    "other", [["a"], ["a", "b", "c"], ["a", "x"], ["b", "a"], ["x", "y"], ["x"]], ids="".join
)
def test_another_batch_under_the_same_header_is_refused(alice, session, stored, other):
    post(alice, session, batch("a", "b"), key="k")
    before = stored()
    response = post(alice, session, batch(*other), key="k")
    assert (response.status_code, response.json()) == (422, OTHER_BODY)
    assert stored() == before


def test_the_last_message_of_a_batch_under_the_same_header_is_another_body(alice, session):
    post(alice, session, batch("a", "b"), key="k")
    assert post(alice, session, batch("b"), key="k").status_code == 422


def test_a_batch_known_in_part_is_refused_and_nothing_is_stored(alice, session, stored):
    post(alice, session, batch("a", "b", key="k"))
    before = stored()
    for messages in (
        batch("a", "b", "c", key="k"),
        [{"content": "new", "client_id": "n"}, *batch("a", "b", key="k")],
        [{"content": "b", "client_id": "k1"}, {"content": "a", "client_id": "k0"}],
        [{"content": "b", "client_id": "k1"}, {"content": "c", "client_id": "n"}],
    ):
        response = post(alice, session, messages)
        assert (response.status_code, response.json()) == (422, OTHER_BODY)
    assert stored() == before


def test_messages_of_two_batches_are_no_batch(alice, session):
    post(alice, session, batch("a", "b", key="k"))
    post(alice, session, [{"content": "between"}])
    post(alice, session, batch("c", "d", key="l"))
    mixed = [{"content": "b", "client_id": "k1"}, {"content": "c", "client_id": "l0"}]
    assert post(alice, session, mixed).status_code == 422


def test_one_message_of_a_batch_can_be_sent_again_alone(alice, session):
    stored = post(alice, session, batch("a", "b", key="k")).json()["messages"]
    response = alice.client.post(path(session, "message"), {"content": "b", "client_id": "k1"})
    assert (response.status_code, response.json()) == (200, stored[1])


def test_a_batch_is_known_long_after_it_has_left_the_tail(alice, session, fill, other_worker):
    first = post(alice, session, batch("a", "b", key="k"))
    fill(session, 300)
    other_worker()
    again = post(alice, session, batch("a", "b", key="k"))
    part = post(alice, session, batch("a", "b", "c", key="k"))
    assert (again.status_code, again.json()) == (200, first.json())
    assert (part.status_code, part.json()) == (422, OTHER_BODY)
    assert count(alice, session) == 302


@pytest.mark.parametrize("before", range(60, 132, 6))
def test_a_batch_that_stands_across_the_edge_of_the_tail_is_known(alice, session, fill, before):
    fill(session, before)
    first = post(alice, session, batch(*map(str, range(9)), key="k"))
    fill(session, 128 - before)
    again = post(alice, session, batch(*map(str, range(9)), key="k"))
    assert (again.status_code, again.json()) == (200, first.json())


def test_a_batch_with_a_deleted_message_is_still_known(alice, session):
    first = post(alice, session, batch("a", "b", key="k")).json()["messages"]
    alice.client.delete(path(session, "messages", 2))
    again = post(alice, session, batch("a", "b", key="k"))
    erased = first[1] | {"content": "", "token_count": 0, "deleted": True}
    assert (again.status_code, again.json()) == (200, {"messages": [first[0], erased]})


def test_a_key_that_leaves_no_room_for_the_places_is_refused(alice, session, stored):
    before = stored()
    assert post(alice, session, batch(*"x" * 100), key="k" * 125).status_code == 201
    for length in (126, 128):
        response = post(alice, session, batch("a"), key="k" * length)
        detail = "A batch's key has at most 125 characters."
        assert (response.status_code, response.json()) == (400, invalid("client_id", detail))
    assert len(stored()["sessions"]) == len(before["sessions"])


# --- who and when -----------------------------------------------------------------------------


def test_an_archived_session_takes_no_messages(alice, session, archive, stored):
    archive(session)
    before = stored()
    response = post(alice, session, batch("a", "b"))
    assert (response.status_code, response.json()) == (409, ARCHIVED)
    assert stored() == before


def test_an_expired_session_is_gone(alice, session, expire, stored):
    expire(session)
    before = stored()
    response = post(alice, session, batch("a", "b"))
    assert (response.status_code, response.json()) == (410, EXPIRED)
    assert stored() == before


def test_an_unknown_session_is_not_found(alice):
    response = post(alice, UNKNOWN, batch("a"))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("post", "messages", body={"messages": [{"content": "x", "client_id": "k"}]})


def test_it_needs_a_token(anybody, session, stored):
    before = stored()
    response = anybody.post(path(session, "messages"), {"messages": [{"content": "x"}]})
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
    assert stored() == before
