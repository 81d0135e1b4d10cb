"""Quotas: what one user may store, and how often they may search in a day."""

from datetime import UTC, datetime

import pytest
from pymongo.read_concern import ReadConcern
from rest_framework.test import APIClient

from sessions_app.domain.errors import MessagesQuota
from sessions_app.domain.quotas import Usage
from sessions_app.repository import usages
from sessions_app.services import quotas
from sessions_app.services.privacy import erase_user
from tests.api.bodies import NO_SESSION, UNKNOWN, path
from tests.conftest import error
from tests.openai_api.calls import complete
from tests.repository.commands import recorder
from tests.waiting import Threads

SESSIONS = error(
    "quota_sessions", "Your quota of 2 sessions is used up; delete some first.", kind="client_error"
)
MESSAGES = error(
    "quota_messages",
    "Your quota of 3 messages is used up; delete sessions first.",
    kind="client_error",
)
BYTES = error(
    "quota_bytes",
    "Your quota of 2,000 bytes of messages is used up; delete some first.",
    kind="client_error",
)
SEARCHES = error("quota_searches", "Your quota of 2 searches a day is used up.")


def say(person, session, content="Hello", **body):
    return person.client.post(path(session, "message"), {"content": content, **body})


def counter(database):
    counters = database.usage_counters.with_options(read_concern=ReadConcern("local"))
    stored = counters.find_one()
    return Usage(stored["sessions"], stored["messages"], stored["bytes"])


def refused(response, body):
    assert (response.status_code, response.json()) == (429, body)


def test_a_user_has_so_many_sessions(alice, bob, settings):
    settings.QUOTA_SESSIONS = 2
    first = alice.client.post("/session/create", {}).json()
    assert alice.client.post("/session/create", {}).status_code == 201
    refused(alice.client.post("/session/create", {}), SESSIONS)
    # Another user's are their own.
    assert bob.client.post("/session/create", {}).status_code == 201
    alice.client.delete(path(first))
    assert alice.client.post("/session/create", {}).status_code == 201
    refused(alice.client.post("/session/create", {}), SESSIONS)


def test_forks_and_conversations_count_as_sessions(alice, create, settings):
    settings.QUOTA_SESSIONS = 2
    session = create(messages=[{"role": "user", "content": "Hello"}])
    assert alice.client.post(path(session, "fork"), {}).status_code == 201
    refused(alice.client.post(path(session, "fork"), {}), SESSIONS)
    response = alice.client.post("/v1/conversations", {})
    assert response.status_code == 429
    assert response.json()["error"] == {
        "message": "Your quota of 2 sessions is used up; delete some first. (quota_sessions)",
        "type": "insufficient_quota",
        "param": None,
        "code": "insufficient_quota",
    }
    assert response["X-Should-Retry"] == "false"


def test_a_user_has_so_many_messages_in_all_sessions(alice, create, settings):
    settings.QUOTA_MESSAGES = 3
    one, other = create(), create()
    assert say(alice, one).status_code == say(alice, other).status_code == 201
    batch = {"messages": [{"content": "Hello"}] * 2}
    refused(alice.client.post(path(one, "messages"), batch), MESSAGES)
    assert say(alice, one).status_code == 201
    refused(say(alice, other), MESSAGES)
    refused(alice.client.post("/session/create", {"messages": [{"content": "Hello"}]}), MESSAGES)
    refused(alice.client.post(path(one, "fork"), {}), MESSAGES)
    alice.client.delete(path(one))
    assert say(alice, other).status_code == 201


def test_a_users_messages_take_so_many_bytes(alice, create, settings):
    settings.QUOTA_BYTES = 2_000
    session = create()
    assert say(alice, session, "a" * 1_500).status_code == 201
    refused(say(alice, session, "a" * 500), BYTES)
    assert say(alice, session, "short").status_code == 201
    # What is erased makes room.
    assert alice.client.delete(path(session, "messages/1")).status_code == 204
    assert say(alice, session, "a" * 1_000).status_code == 201


def test_a_repeat_of_what_is_stored_needs_no_room(alice, create, settings):
    settings.QUOTA_MESSAGES = settings.QUOTA_SESSIONS = 1
    session = create(external_id="mine")
    first = say(alice, session, client_id="key")
    again = say(alice, session, client_id="key")
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    assert alice.client.post("/session/create", {"external_id": "mine"}).status_code == 200
    # What is no session of hers says so.
    response = say(alice, {"session_id": UNKNOWN})
    assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_what_is_refused_for_another_reason_uses_nothing(alice, create, settings):
    settings.QUOTA_MESSAGES = 1
    archived, session = create(), create()
    alice.client.post(path(archived, "archive"))
    for _ in range(3):
        assert say(alice, archived).status_code == 409
    assert say(alice, session).status_code == 201


def test_a_turn_has_room_for_its_reply_or_does_not_begin(alice, create, model, settings):
    settings.QUOTA_MESSAGES = 3
    session = create()
    assert alice.client.post(path(session, "chat"), {"content": "Hi"}).status_code == 200
    response = alice.client.post(path(session, "chat"), {"content": "And now?"})
    assert (response.status_code, response.json()["errors"][0]["code"]) == (429, "quota_messages")
    response = complete(alice, session, "And now?")
    assert response.json()["error"]["code"] == "insufficient_quota"
    assert alice.client.get(path(session)).json()["message_count"] == 2


def test_a_user_searches_so_often_a_day(alice, settings):
    settings.QUOTA_SEARCHES = 2
    for _ in range(2):
        assert alice.client.get("/session/search?q=alpha").status_code == 200
    response = alice.client.get("/session/search?q=alpha")
    refused(response, SEARCHES)
    assert 0 < int(response["Retry-After"]) <= 86_400


def test_a_quota_of_0_is_none(alice, create, settings):
    for name in ("SESSIONS", "MESSAGES", "BYTES", "SEARCHES"):
        setattr(settings, f"QUOTA_{name}", 0)
    assert say(alice, create()).status_code == 201
    assert alice.client.get("/session/search?q=alpha").status_code == 200


@pytest.mark.mongod("writers that meet")
def test_no_race_takes_a_user_over_a_quota(alice, create, database, settings):
    settings.QUOTA_MESSAGES, settings.QUOTA_SESSIONS = 10, 4
    sessions = [create() for _ in range(2)]

    def write(number):
        client = APIClient(raise_request_exception=False)
        client.credentials(**alice.client._credentials)
        session = sessions[number % 2]
        client.post("/session/create", {})
        return client.post(path(session, "message"), {"content": "Hello"}).status_code

    with Threads(8) as pool:
        codes = list(pool.map(write, range(24)))
    assert codes.count(201) == 10
    assert codes.count(429) == 14
    assert sum(each["message_count"] for each in database.sessions.find()) == 10
    assert database.sessions.count_documents({}) == 4


@pytest.mark.mongod("the commands of a server")
def test_an_append_asks_the_counter_once_in_many(alice, create, settings, monkeypatch):
    settings.QUOTA_MESSAGES, settings.QUOTA_BYTES = 1_000_000, 10**10
    session = create()
    say(alice, session)
    monkeypatch.setattr(recorder, "on", True)
    recorder.sent.clear()
    for _ in range(50):
        say(alice, session)
    collections = [sent.collection for sent in recorder.sent]
    assert collections.count("sessions") == 50
    assert collections.count("usage_counters") <= 1


@pytest.mark.mongod("sizes of stored documents")
def test_the_counter_says_what_is_stored(alice, create, fill, database, settings, monkeypatch):
    settings.QUOTA_MESSAGES, settings.QUOTA_BYTES = 900, 900_000
    # Nothing is taken beforehand.
    monkeypatch.setattr(quotas.stored, "share", lambda _: Usage())
    session, other = create(), create(messages=[{"content": "Hello"}])
    fill(session, 300)
    say(alice, other, metadata={"a": "b"}, client_id="key")
    alice.client.delete(path(session, "messages/7"))
    alice.client.delete(path(session, "messages/299"))
    fork = alice.client.post(path(session, "fork"), {"up_to_seq": 200}).json()
    assert counter(database) == usages.count(alice.id, reads_buckets=True)
    alice.client.delete(path(session))
    alice.client.delete(path(fork))
    assert counter(database) == usages.count(alice.id, reads_buckets=True)
    assert counter(database)[:2] == quotas.usage(alice.id)[:2] == (1, 2)


@pytest.mark.mongod("sizes of stored documents")
def test_what_was_there_before_is_counted_once(alice, create, fill, database, settings):
    session = create()
    fill(session, 200)
    database.usage_counters.delete_many({})
    quotas.forget()
    settings.QUOTA_MESSAGES = 201
    assert say(alice, session).status_code == 201
    assert say(alice, session).json()["errors"][0]["code"] == "quota_messages"


def test_a_wrong_counter_is_counted_anew_before_it_refuses(alice, create, database, settings):
    settings.QUOTA_MESSAGES = 3
    session = create()
    say(alice, session)
    # As a crash between counting and storing, or a sweep, leaves it.
    database.usage_counters.update_one({}, {"$inc": {"messages": 2}, "$unset": {"counted_at": 1}})
    assert say(alice, session).status_code == 201
    assert say(alice, session).status_code == 201
    refused(say(alice, session), MESSAGES)


def test_a_worker_takes_a_thousandth_beforehand_at_most(alice, database, settings):
    settings.QUOTA_MESSAGES, settings.QUOTA_BYTES = 5_000, 0
    quotas.take(alice.id, Usage(messages=1))
    assert counter(database).messages == 6
    # Another worker has the rest, one by one in the end.
    quotas.forget()
    quotas.take(alice.id, Usage(messages=4_994))
    with pytest.raises(MessagesQuota):
        quotas.take(alice.id, Usage(messages=1))
    assert counter(database).messages == 5_000


def test_an_erased_user_has_no_counter(alice, create, database):
    create()
    assert counter(database).sessions == 1
    erase_user(user_id=alice.id, now=datetime.now(UTC))
    assert database.usage_counters.count_documents({}) == 0
