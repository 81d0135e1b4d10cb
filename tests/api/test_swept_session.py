"""A session that a sweep has archived, as its owner sees it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from sessions_app.services.expiry import sweeping as expiry
from tests.api.bodies import ARCHIVED, NO_SESSION, path


@pytest.fixture
def sweep():
    def run():
        plan = expiry.expiry_plan(mode=None, now=timezone.now())
        return expiry.expiry_sweep(plan, limit=None, progress=lambda _: None, now=timezone.now)

    return run


@pytest.fixture
def swept(create, fill, expire, sweep):
    """A session of 300 messages that has expired and been archived."""
    session = create(title="Lisbon", metadata={"channel": "web"}, ttl_seconds=5_000)
    fill(session, 300)
    expire(session)
    assert sweep().counts == {"archived": 1}
    return session


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_is_on_the_list_of_archived_sessions_only(alice, swept):
    assert alice.client.get("/session").json()["results"] == []
    (listed,) = alice.client.get("/session?status=archived").json()["results"]
    assert (listed["session_id"], listed["status"]) == (swept["session_id"], "archived")
    assert listed["expires_at"] is None


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_can_be_read_again(alice, swept):
    read = alice.client.get(path(swept))
    assert (read.status_code, read.json()["message_count"]) == (200, 300)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize(
    ("method", "more", "body"),
    [
        ("post", ["message"], {"content": "x"}),
        ("post", ["messages"], {"messages": [{"content": "x"}]}),
        ("patch", [], {"title": "x"}),
        ("delete", ["messages", 1], None),
        ("post", ["context", "reset"], {}),
    ],
)
def test_it_takes_no_changes(alice, swept, stored, method, more, body):
    before = stored()
    response = getattr(alice.client, method)(path(swept, *more), body)
    assert (response.status_code, response.json()) == (409, ARCHIVED)
    assert stored() == before


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_is_restored_whole_with_a_new_timeout(alice, swept, database):
    before = database.sessions.find_one({"_id": swept["session_id"]})
    buckets = list(database.message_buckets.find().sort("_id", 1))
    restored = alice.client.post(path(swept, "restore"))
    ends = datetime.fromisoformat(restored.json()["expires_at"])
    assert abs(ends - datetime.now(UTC) - timedelta(seconds=5_000)) < timedelta(seconds=60)
    after = database.sessions.find_one({"_id": swept["session_id"]})
    changed = {"status", "expires_at", "archived_at", "updated_at", "version"}
    for name in (before.keys() | after.keys()) - changed:
        assert before.get(name) == after.get(name), name
    assert "archived_at" not in after
    assert list(database.message_buckets.find().sort("_id", 1)) == buckets
    page = alice.client.get(path(swept, "messages?limit=500")).json()
    assert [m["content"] for m in page["results"]] == [f"message {n}" for n in range(1, 301)]
    assert alice.client.post(path(swept, "message"), {"content": "on"}).json()["seq"] == 301


def test_where_expiry_deletes_it_is_gone_with_everything(
    alice, create, fill, expire, sweep, settings, database
):
    settings.EXPIRY_MODE = "delete"
    session = create()
    fill(session, 300)
    expire(session)
    assert sweep().counts == {"deleted": 1}
    response = alice.client.get(path(session))
    assert (response.status_code, response.json()) == (404, NO_SESSION)
    for name in ("sessions", "message_buckets", "message_annotations"):
        assert database[name].count_documents({}) == 0
