"""`GET /session/{id}/topics`, and the topics that messages carry."""

from tests.api.bodies import EXPIRED, NO_SESSION, NO_TOKEN, path
from tests.api.test_reset_context import TALK


def topics(person, session):
    response = person.client.get(path(session, "topics"))
    assert response.status_code == 200, response.content
    return response.json()["results"]


def talk(append, session):
    for number, content in enumerate(TALK):
        append(session, content, role="assistant" if number % 2 else "user")


def test_it_names_each_topic_and_where_it_runs(alice, session, append):
    talk(append, session)
    first, second = topics(alice, session)
    assert [first[name] for name in ("topic", "start_seq", "end_seq", "message_count")] == [
        1,
        1,
        4,
        4,
    ]
    assert [second[name] for name in ("topic", "start_seq", "end_seq")] == [2, 5, 5]
    assert first["score"] == 0.0
    assert 0 < second["score"] <= 1
    assert "hotels" in first["label"]
    assert "python" in second["label"].lower()


def test_a_message_has_no_topic_until_it_is_asked_for(alice, session, append):
    talk(append, session)
    before = alice.client.get(path(session)).json()
    assert ({m["topic"] for m in before["messages"]}, before["topic"]) == ({None}, None)
    topics(alice, session)
    after = alice.client.get(path(session)).json()
    assert [m["topic"] for m in after["messages"]] == [1, 1, 1, 1, 2]
    assert [m["topic_shift"] for m in after["messages"]] == [False] * 4 + [True]
    assert after["topic"] == {"topic": 2, "start_seq": 5, "judged_seq": 5}


def test_pages_and_exports_tell_topics_too(alice, session, append):
    talk(append, session)
    topics(alice, session)
    page = alice.client.get(path(session, "messages")).json()["results"]
    export = alice.client.get(path(session, "export") + "?format=jsonl").getvalue()
    assert [m["topic"] for m in page] == [1, 1, 1, 1, 2]
    assert export.count(b'"topic":1') == 4


def test_a_session_without_messages_has_no_topics(alice, session):
    assert topics(alice, session) == []


def test_a_greeting_and_thanks_open_no_topic(alice, session, append):
    for content in (*TALK[:4], "Thanks!", "Hello", "ok", "👍"):
        append(session, content)
    assert len(topics(alice, session)) == 1


def test_a_fork_is_judged_by_itself(alice, session, append):
    talk(append, session)
    topics(alice, session)
    fork = alice.client.post(path(session, "fork"), {"up_to_seq": 3}).json()
    assert fork["topic"] is None
    assert [t["end_seq"] for t in topics(alice, fork)] == [3]


def test_an_archived_session_has_topics(alice, session, append, archive):
    append(session, "Hello")
    archive(session)
    assert len(topics(alice, session)) == 1


def test_an_expired_session_has_none(alice, session, expire):
    expire(session)
    response = alice.client.get(path(session, "topics"))
    assert (response.status_code, response.json()) == (410, EXPIRED)


def test_a_stranger_finds_no_session(bob, session):
    response = bob.client.get(path(session, "topics"))
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_it_asks_for_a_token(anybody, session):
    response = anybody.get(path(session, "topics"))
    assert (response.status_code, response.json()) == (401, NO_TOKEN)
