"""What 0.1 has stored is read, written and migrated, today and by every release to come."""

import json
from typing import Any

import pytest
from django.core.management import call_command
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from sessions_app import documents
from sessions_app.documents import versions
from sessions_app.domain.review.data import LogFilter
from sessions_app.services import audits
from sessions_app.services.review import actions, read_log
from tests.commands.conftest import Run, run
from tests.services.turns.scripted import Script, ScriptedModel
from tests.stores import V0_1, Documents, documents_of, load

__all__ = ["run"]
LAST = "v0_1/last_commit"
# All collections that 0.1 had.
OF_V0_1 = {
    "daily_figures", "erased_users", "figures", "message_annotations", "message_buckets",
    "review_log", "review_notes", "search_documents", "search_progress", "sessions",
    "standing_figures", "sweeps", "throttle_windows", "turns",
}  # fmt: skip


@pytest.fixture(params=V0_1)
def stored(request: pytest.FixtureRequest, database: Any) -> Documents:
    return load(database, request.param)


@pytest.fixture(params=["as it was", "migrated"])
def in_use(request: pytest.FixtureRequest, stored: Documents) -> Documents:
    """The store before and after its migration: nobody sees a difference."""
    if request.param == "migrated":
        call_command("migrate_store", "--json", rate=1_000_000)
    return stored


@pytest.fixture
def owner() -> APIClient:
    """The user whose sessions they are."""
    token = AccessToken()
    token["sub"] = token["username"] = "alice"
    token["is_staff"] = False
    client = APIClient(raise_request_exception=False)
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def written(stored: Documents, session: dict[str, Any]) -> list[dict[str, Any]]:
    """All messages of a session, as they stand in the files."""
    buckets = [b for b in stored["message_buckets"] if b["session_id"] == session["_id"]]
    runs = [*sorted(buckets, key=lambda bucket: bucket["first_seq"]), session]
    return [message for run_of in runs for message in run_of["messages"]]


def titled(stored: Documents, title: str) -> dict[str, Any]:
    return next(each for each in stored["sessions"] if each.get("title") == title)


def read_all(client: APIClient, session_id: str) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = []
    while True:
        after = messages[-1]["seq"] if messages else 0
        answer = client.get(f"/session/{session_id}/messages?after={after}&limit=100")
        assert answer.status_code == 200, answer.content
        if not answer.json()["results"]:
            return messages
        messages += answer.json()["results"]


def findings() -> list[Any]:
    return list(audits.integrity_check(repair=False, progress=lambda _: None))


def test_the_stores_have_every_collection_and_shape_of_0_1():
    first, last = (documents_of(name) for name in V0_1)
    assert set(first) | set(last) == OF_V0_1
    assert all(stored for of_store in (first, last) for stored in of_store.values())
    everything = [first, last]
    messages = [m for each in everything for s in each["sessions"] for m in written(each, s)]
    fields = {name for message in messages for name in message}
    declared = set(documents.fields_of(documents.Message))
    later = {"topic", "topic_shift", "reasoning", "extra", "items", "item_ids", "parts"}
    later |= {"superseded_with", "replaces", "feedback"}
    assert fields == declared - later
    assert {turn["state"] for turn in last["turns"]} == {"done", "failed"}


def test_every_message_reads_as_it_was_written(in_use: Documents, owner: APIClient):
    readable = [each for each in in_use["sessions"] if each["title"] != "Expired"]
    for session in readable:
        messages = read_all(owner, session["_id"])
        expected = written(in_use, session)
        assert [m["seq"] for m in messages] == list(range(1, session["message_count"] + 1))
        for message, was in zip(messages, expected, strict=True):
            for name in ("id", "role", "content", "token_count"):
                assert message[name] == was[name]
            for name in ("client_id", "name", "tool_call_id"):
                assert message[name] == was.get(name)
            assert message["tool_calls"] == (
                json.loads(was["tool_calls"]) if "tool_calls" in was else None
            )
            assert message["metadata"] == {e["k"]: e["v"] for e in was.get("metadata", [])}
            assert message["deleted"] == was.get("deleted", False)
            assert (message["generation"] or {}).get("turn_id") == (
                was.get("generation", {}).get("turn_id")
            )
    listed = owner.get("/session?limit=100&status=active").json()["results"]
    assert {each["session_id"] for each in listed} == {
        each["_id"] for each in readable if each["status"] == "active"
    }


def test_it_is_whole(in_use: Documents):
    assert findings() == []


def test_windows_topics_and_search_work(in_use: Documents, owner: APIClient):
    session = max(in_use["sessions"], key=lambda each: each["message_count"])
    for route in ("context", "topics"):
        answer = owner.get(f"/session/{session['_id']}/{route}")
        assert answer.status_code == 200, answer.content
    word = "garden" if "garden" in session["messages"][0]["content"] else "message"
    found = owner.get(f"/session/search?q={word}").json()
    assert session["_id"] in {hit["session_id"] for hit in found["results"]}


def test_every_write_goes_on(in_use: Documents, owner: APIClient, model: ScriptedModel):
    session = max(in_use["sessions"], key=lambda each: each["message_count"])
    path, count = f"/session/{session['_id']}", session["message_count"]
    # A key that was stored in a bucket then is known now.
    known = next(m for m in written(in_use, session) if m.get("client_id") and not m.get("deleted"))
    again = {"content": known["content"], "role": known["role"], "client_id": known["client_id"]}
    if known.get("name"):
        again |= {"name": known["name"]}
    if known.get("metadata"):
        again |= {"metadata": {e["k"]: e["v"] for e in known["metadata"]}}
    repeat = owner.post(f"{path}/message", again)
    assert (repeat.status_code, repeat.json()["id"]) == (200, known["id"])

    batch = {"messages": [{"content": f"new {n}"} for n in range(70)]}
    assert owner.post(f"{path}/messages", batch).status_code == 201
    model.scripts.append(Script("An answer of today."))
    turn = owner.post(f"{path}/chat", {"content": "And now?"})
    assert turn.json()["assistant_message"]["seq"] == count + 72
    for seq in (10, count):
        assert owner.delete(f"{path}/messages/{seq}").status_code in {200, 204}
    assert owner.patch(path, {"title": "Renamed"}).status_code == 200
    assert owner.post(f"{path}/fork", {"title": "A fork"}).status_code == 201
    assert owner.post(f"{path}/archive").status_code == 200
    assert owner.post(f"{path}/restore").status_code == 200

    assert [m["seq"] for m in read_all(owner, session["_id"])] == list(range(1, count + 73))
    assert findings() == []


def test_a_session_of_then_can_be_deleted_but_not_under_its_hold(
    in_use: Documents, owner: APIClient
):
    for session in in_use["sessions"]:
        held = session.get("legal_hold", False)
        answer = owner.delete(f"/session/{session['_id']}")
        assert answer.status_code == (409 if held else 204), answer.content


@pytest.mark.parametrize("stored", [LAST], indirect=True)
def test_staff_see_their_notes_and_the_read_log_of_then(in_use: Documents):
    notes = in_use["review_notes"]
    shown = actions.notes(session_id=notes[0]["session_id"], limit=10)
    assert {note.text for note in shown} == {note["text"] for note in notes}
    lines = list(read_log.log_stream(LogFilter()))
    assert [line.id for line in lines] == [each["_id"] for each in in_use["review_log"]][::-1]


def test_a_dry_run_counts_and_changes_nothing(stored: Documents, database: Any, run: Run):
    result = run("migrate_store", "--dry-run", "--json").json()
    assert result["migrated"] == sum(map(len, stored.values()))
    assert result["collections"] == {name: len(each) for name, each in stored.items()}
    assert {name: list(database[name].find().sort("_id", 1)) for name in stored} == stored


def test_its_migration_changes_no_more_than_what_the_versions_say(
    stored: Documents, database: Any, run: Run
):
    result = run("migrate_store", "--json").json()
    assert (result["schema_version"], result["left"]) == (versions.CURRENT, 0)
    assert result["migrated"] == sum(map(len, stored.values()))
    for name, before in stored.items():
        after = list(database[name].find().sort("_id", 1))
        assert after == [each | {"schema_version": versions.CURRENT} for each in before]
    assert run("migrate_store", "--json").json()["migrated"] == 0
