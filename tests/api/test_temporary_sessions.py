"""A `temporary` session: in no list, search or title, and gone at its timeout."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from sessions_app.services.expiry import sweeping as expiry
from tests.api.bodies import EXPIRED, invalid, path
from tests.conftest import Person, error
from tests.services.turns.scripted import ScriptedModel

GONE_LATER = error(
    "session_temporary", "A temporary session is not archived: it is deleted at its timeout."
)


@pytest.fixture
def temporary(create: Any) -> Any:
    return create(temporary=True, messages=[{"content": "A needle in a haystack"}])


@pytest.fixture
def sweep() -> Any:
    def run(**more: Any) -> Any:
        plan = expiry.expiry_plan(mode=None, now=timezone.now())
        previewed = expiry.expiry_preview(plan, limit=None, progress=lambda _: None)
        swept = expiry.expiry_sweep(plan, limit=None, progress=lambda _: None, now=timezone.now)
        assert swept.complete
        return {name: n for name, n in previewed.totals.items() if n}, swept.counts, swept.exempt

    return run


def lifetime(session: Any) -> timedelta:
    return datetime.fromisoformat(session["expires_at"]) - datetime.fromisoformat(
        session["created_at"]
    )


def test_it_is_in_no_list(alice: Person, temporary: Any, create: Any):
    listed = create(title="listed", tags=["t"])
    for url in ("/session", "/session?pinned=false", "/session?tag=t"):
        results = alice.client.get(url).json()["results"]
        assert [each["session_id"] for each in results] == [listed["session_id"]]
    assert alice.client.get("/session/count").json()["count"] == 1
    assert alice.client.get(path(temporary)).json()["temporary"] is True


def test_but_in_that_of_temporary_ones(alice: Person, bob: Person, temporary: Any, create: Any):
    create()
    results = alice.client.get("/session?temporary=true").json()["results"]
    assert [each["session_id"] for each in results] == [temporary["session_id"]]
    assert bob.client.get("/session?temporary=true").json()["results"] == []


def test_no_search_finds_it(alice: Person, create: Any, append: Any, database: Any):
    session = create(temporary=True, title="needle")
    append(session, "A needle in a haystack")
    seen = create()
    append(seen, "Another needle")
    hits = alice.client.get("/session/search?q=needle").json()["results"]
    assert [hit["session_id"] for hit in hits] == [seen["session_id"]]
    assert database.search.count_documents({"session_id": session["session_id"]}) == 0


def test_it_gets_no_title(alice: Person, temporary: Any, model: ScriptedModel):
    assert alice.client.post(path(temporary, "chat"), {"content": "Hello?"}).status_code == 200
    assert alice.client.get(path(temporary)).json()["title"] == ""


def test_it_has_a_timeout_of_its_own(create: Any, settings: Any):
    settings.SESSION_TTL_SECONDS = 0
    settings.TEMPORARY_TTL_SECONDS = 100
    assert lifetime(create(temporary=True)) == timedelta(seconds=100)
    assert lifetime(create(temporary=True, ttl_seconds=60)) == timedelta(seconds=60)


def test_it_cannot_be_without_one(alice: Person, temporary: Any, settings: Any):
    refused = invalid("ttl_seconds", "A temporary session has a timeout.")
    body = {"temporary": True, "ttl_seconds": 0}
    assert alice.client.post("/session/create", body).json() == refused
    assert alice.client.patch(path(temporary), {"ttl_seconds": 0}).json() == refused
    changed = alice.client.patch(path(temporary), {"ttl_seconds": None})
    assert changed.json()["expires_at"] is not None


@pytest.mark.mongod("transactions")
@pytest.mark.parametrize("mode", ["archive", "delete"])
def test_a_sweep_deletes_it_whatever_the_mode(
    alice: Person, temporary: Any, create: Any, expire: Any, sweep: Any, settings: Any,
    database: Any, mode: str,
):  # fmt: skip
    settings.EXPIRY_MODE = mode
    lasting, alive = create(), create(temporary=True)
    expire(temporary)
    expire(lasting)
    previewed, counts, _ = sweep()
    assert counts == ({"archived": 1, "deleted": 1} if mode == "archive" else {"deleted": 2})
    assert previewed == counts
    assert alice.client.get(path(temporary)).status_code == 404
    assert alice.client.get(path(alive)).status_code == 200
    assert database.message_buckets.count_documents({}) == 0


@pytest.mark.mongod("transactions")
def test_a_legal_hold_keeps_it(
    alice: Person, temporary: Any, expire: Any, sweep: Any, database: Any
):
    database.sessions.update_one({"_id": temporary["session_id"]}, {"$set": {"legal_hold": True}})
    expire(temporary)
    _, counts, exempt = sweep()
    assert (counts, exempt["held"]) == ({}, 1)


def test_once_expired_it_is_not_restored(alice: Person, temporary: Any, expire: Any):
    expire(temporary)
    for response in (
        alice.client.get(path(temporary)),
        alice.client.post(path(temporary, "restore")),
    ):
        assert (response.status_code, response.json()) == (410, EXPIRED)


def test_it_is_not_archived(alice: Person, temporary: Any):
    response = alice.client.post(path(temporary, "archive"))
    assert (response.status_code, response.json()) == (409, GONE_LATER)
    ids = {"session_ids": [temporary["session_id"]]}
    many = alice.client.post("/session/archive", ids).json()
    assert [each["result"] for each in many["results"]] == ["temporary"]


def test_it_stays_temporary(alice: Person, temporary: Any, session: Any):
    for each in (temporary, session):
        response = alice.client.patch(path(each), {"temporary": True})
        assert response.json()["errors"][0]["code"] == "unknown_parameter"


@pytest.mark.mongod("transactions")
def test_its_fork_is_temporary_too(alice: Person, temporary: Any):
    fork = alice.client.post(path(temporary, "fork"), {}).json()
    assert (fork["temporary"], fork["expires_at"] is not None) == (True, True)


@pytest.mark.mongod("transactions")
def test_it_is_deleted_with_others_of_its_kind(alice: Person, temporary: Any, session: Any):
    assert alice.client.delete("/session?temporary=true").json()["matched"] == 1
    assert alice.client.get(path(session)).status_code == 200
