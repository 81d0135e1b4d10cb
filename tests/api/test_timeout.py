"""A session's timeout: whose it is, what it slides with, and what another default changes."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.api.bodies import path

SOON = timedelta(seconds=100)
ACTIVITIES = {
    "append": lambda client, session: client.post(path(session, "message"), {"content": "x"}),
    "batch": lambda client, session: client.post(
        path(session, "messages"), {"messages": [{"content": "x"}]}
    ),
    "change": lambda client, session: client.patch(path(session), {"title": "x"}),
    "erase": lambda client, session: client.delete(path(session, "messages", 199)),
    "erase an old one": lambda client, session: client.delete(path(session, "messages", 1)),
    "reset": lambda client, session: client.post(path(session, "context", "reset"), {}),
}
LOOKS = ["", "messages", "context", "topics", "export"]


@pytest.fixture
def old(create, database):
    """A session with messages in bucket and tail, a hundred seconds before its deadline."""

    def make(**body):
        session = create(messages=[{"content": "x"}] * 200, **body)
        deadline = datetime.now(UTC) + SOON
        database.sessions.update_one(
            {"_id": session["session_id"]}, {"$set": {"expires_at": deadline}}
        )
        return session

    return make


@pytest.fixture
def left(alice):
    """Seconds until a session's deadline, None without one."""

    def seconds(session):
        deadline = alice.client.get(path(session)).json()["expires_at"]
        if deadline is None:
            return None
        return (datetime.fromisoformat(deadline) - datetime.now(UTC)).total_seconds()

    return seconds


@pytest.mark.parametrize("activity", ACTIVITIES)
@pytest.mark.parametrize(("ttl_seconds", "after"), [(5_000, 5_000), (None, 2_592_000), (0, None)])
def test_it_slides_with_activity(alice, old, left, activity, ttl_seconds, after):
    session = old(ttl_seconds=ttl_seconds)
    assert ACTIVITIES[activity](alice.client, session).status_code in {200, 201, 204}
    now = left(session)
    assert now is None if after is None else after - 60 < now <= after


@pytest.mark.parametrize("look", LOOKS)
def test_looking_is_not_activity(alice, old, left, look):
    session = old()
    assert alice.client.get(path(session, *([look] if look else []))).status_code == 200
    assert 0 < left(session) <= SOON.total_seconds()


def test_another_default_leaves_an_idle_session_its_deadline(old, left, settings):
    session = old()
    for default in (10, 0, 2**30):
        settings.SESSION_TTL_SECONDS = default
        assert 40 < left(session) <= SOON.total_seconds()


@pytest.mark.parametrize("activity", ACTIVITIES)
@pytest.mark.parametrize(("default", "after"), [(7_000, 7_000), (0, None)])
def test_another_default_holds_from_the_next_activity_on(
    alice, old, left, settings, activity, default, after
):
    session = old()
    settings.SESSION_TTL_SECONDS = default
    ACTIVITIES[activity](alice.client, session)
    now = left(session)
    assert now is None if after is None else after - 60 < now <= after


def test_another_default_does_not_touch_a_timeout_of_ones_own(alice, old, left, settings):
    session = old(ttl_seconds=5_000)
    settings.SESSION_TTL_SECONDS = 10
    ACTIVITIES["append"](alice.client, session)
    assert 4_940 < left(session) <= 5_000


def test_a_default_that_was_never_is_taken_up_at_the_next_activity(
    alice, create, append, left, settings
):
    settings.SESSION_TTL_SECONDS = 0
    session = create()
    settings.SESSION_TTL_SECONDS = 7_000
    assert left(session) is None
    append(session)
    assert 6_940 < left(session) <= 7_000


def test_a_restored_session_gets_the_default_of_today(alice, old, left, archive, settings):
    session = old()
    archive(session)
    settings.SESSION_TTL_SECONDS = 7_000
    alice.client.post(path(session, "restore"))
    assert 6_940 < left(session) <= 7_000
