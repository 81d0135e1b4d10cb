"""`GET /session/{id}/messages`."""

import pytest

from tests.api.bodies import EXPIRED, NO_SESSION, NO_TOKEN, UNKNOWN, invalid, path


@pytest.fixture
def long(session, fill):
    """A session of 300 messages, most of them no longer in its tail."""
    fill(session, 300)
    return session


def read(person, session, query=""):
    response = person.client.get(path(session, f"messages{query}"))
    assert response.status_code == 200, response.content
    return response.json()


def seqs(page):
    return [message["seq"] for message in page["results"]]


def test_a_session_without_messages_has_an_empty_page(alice, session):
    assert read(alice, session) == {"results": [], "has_more": False, "latest_seq": 0}


def test_it_gives_messages_as_they_were_answered(alice, session, append):
    messages = [append(session, "one"), append(session, "two")]
    assert read(alice, session) == {"results": messages, "has_more": False, "latest_seq": 2}


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_begins_with_the_oldest(alice, long):
    page = read(alice, long)
    assert seqs(page) == list(range(1, 51))
    assert (page["has_more"], page["latest_seq"]) == (True, 300)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize(
    ("query", "expected", "more"),
    [
        ("?after=0&limit=3", range(1, 4), True),
        ("?after=297", range(298, 301), False),
        ("?after=299&limit=1", range(300, 301), False),
        ("?after=298&limit=1", range(299, 300), True),
        ("?after=300", [], False),
        ("?after=100000000000", [], False),
        ("?after=0&limit=500", range(1, 301), False),
        ("?after=180&limit=30", range(181, 211), True),
        ("?after=63&limit=2", range(64, 66), True),
        ("?before=1", [], False),
        ("?before=2", range(1, 2), False),
        ("?before=51", range(1, 51), False),
        ("?before=52", range(2, 52), True),
        ("?before=300&limit=2", range(298, 300), True),
        ("?before=301&limit=2", range(299, 301), True),
        ("?before=302&limit=2", range(299, 301), True),
        ("?before=1000&limit=2", range(299, 301), True),
        ("?before=100000000000&limit=500", range(1, 301), False),
        ("?before=200&limit=30", range(170, 200), True),
        ("?before=66&limit=3", range(63, 66), True),
    ],
)
def test_it_reads_the_run_that_is_asked_for(alice, long, query, expected, more):
    page = read(alice, long, query)
    assert seqs(page) == list(expected)
    assert [m["content"] for m in page["results"]] == [f"message {n}" for n in expected]
    assert (page["has_more"], page["latest_seq"]) == (more, 300)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize("limit", [1, 7, 64, 65, 500])
def test_a_client_catches_up_page_by_page(alice, long, limit):
    if limit == 1:
        pages = [read(alice, long, f"?after={n}&limit=1") for n in range(150, 200)]
        assert [seq for page in pages for seq in seqs(page)] == list(range(151, 201))
        return
    seen, more = [], True
    while more:
        page = read(alice, long, f"?after={seen[-1] if seen else 0}&limit={limit}")
        seen, more = seen + seqs(page), page["has_more"]
    assert seen == list(range(1, 301))


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_client_reads_back_page_by_page(alice, long):
    seen, more = [], True
    while more:
        page = read(alice, long, f"?before={seen[0] if seen else 301}&limit=37")
        seen, more = seqs(page) + seen, page["has_more"]
    assert seen == list(range(1, 301))


def test_before_a_place_in_an_empty_session_is_nothing(alice, session):
    page = read(alice, session, "?before=10")
    assert page == {"results": [], "has_more": False, "latest_seq": 0}


@pytest.mark.parametrize("seq", [2, 5])
def test_a_tombstone_keeps_its_place(alice, session, fill, seq):
    fill(session, 5)
    alice.client.delete(path(session, "messages", seq))
    page = read(alice, session)
    assert seqs(page) == [1, 2, 3, 4, 5]
    assert [m["seq"] for m in page["results"] if m["deleted"]] == [seq]
    assert page["results"][seq - 1]["content"] == ""


def test_both_directions_at_once_are_refused(alice, session):
    response = alice.client.get(path(session, "messages?after=1&before=5"))
    detail = "Give after or before, not both."
    assert (response.status_code, response.json()) == (400, invalid("before", detail))


WHOLE = "A valid integer is required."


@pytest.mark.parametrize(
    ("query", "attr", "code", "detail"),
    [
        (
            "limit=0",
            "limit",
            "min_value",
            "Ensure this value is greater than or equal to 1.",
        ),
        (
            "limit=501",
            "limit",
            "max_value",
            "Ensure this value is less than or equal to 500.",
        ),
        ("limit=x", "limit", "invalid", WHOLE),
        (
            "after=-1",
            "after",
            "min_value",
            "Ensure this value is greater than or equal to 0.",
        ),
        ("after=abc", "after", "invalid", WHOLE),
        ("after=1e3", "after", "invalid", WHOLE),
        ("after=1.0", "after", "invalid", WHOLE),
        (f"after={10**30}", "after", "max_value", None),
        (f"after={'9' * 5000}", "after", None, None),
        ("after=%7B%22$gt%22:0%7D", "after", "invalid", WHOLE),
        (
            "before=0",
            "before",
            "min_value",
            "Ensure this value is greater than or equal to 1.",
        ),
        (f"before={10**30}", "before", "max_value", None),
        ("before=%00", "before", "invalid", WHOLE),
    ],
)
def test_other_queries_are_refused(alice, session, query, attr, code, detail):
    response = alice.client.get(path(session, f"messages?{query}"))
    (problem,) = response.json()["errors"]
    assert (response.status_code, response.json()["type"]) == (400, "validation_error")
    assert problem["attr"] == attr
    assert code in (None, problem["code"])
    assert detail in (None, problem["detail"])


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_an_archived_session_can_be_read(alice, long, archive):
    archive(long)
    assert seqs(read(alice, long, "?after=290")) == list(range(291, 301))


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_an_expired_session_is_gone(alice, long, expire):
    expire(long)
    for query in ("", "?before=5", "?before=1000"):
        response = alice.client.get(path(long, f"messages{query}"))
        assert (response.status_code, response.json()) == (410, EXPIRED)


def test_an_unknown_session_is_not_found(alice):
    response = alice.client.get(path(UNKNOWN, "messages"))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_a_stranger_cannot_tell_it_from_one_that_never_was(hidden):
    hidden("get", "messages")


def test_it_needs_a_token(anybody, session):
    response = anybody.get(path(session, "messages"))
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
