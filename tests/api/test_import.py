"""`POST /session/import`: the export of another program, imported in the background."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sessions_app.domain.records import writing
from sessions_app.services import imports
from sessions_app.services.transfer import Selection, sessions_export
from tests.api.conftest import Person

DATA = Path(__file__).parents[1] / "data" / "imports"
NOT_FOUND = {
    "type": "client_error",
    "errors": [{"code": "not_found", "detail": "No such import.", "attr": None}],
}


def send(person: Person, content: bytes, query: str = "") -> Any:
    return person.client.post(
        f"/session/import{query}", data=content, content_type="application/octet-stream"
    )


def finished(person: Person, import_id: str) -> Any:
    """Poll until it is over."""
    for _ in range(600):
        job = person.client.get(f"/session/import/{import_id}").json()
        if job["status"] != "running":
            return job
        time.sleep(0.05)
    raise AssertionError(job)


def imported(person: Person, content: bytes, query: str = "") -> Any:
    answer = send(person, content, query)
    assert answer.status_code == 202, answer.json()
    return finished(person, answer.json()["import_id"])


@pytest.mark.mongod("mongomock answers otherwise")
@pytest.mark.parametrize(
    ("name", "kind", "sessions"),
    [("chatgpt.json", "openai", 2), ("claude.json", "claude", 1),
     ("open_webui.json", "openwebui", 1)],
)  # fmt: skip
def test_a_file_of_another_program_becomes_sessions_of_the_caller(
    alice: Person, database: Any, name: str, kind: str, sessions: int
) -> None:
    job = imported(alice, (DATA / name).read_bytes())
    assert (job["status"], job["format"], job["counts"]["sessions"]) == ("done", kind, sessions)
    assert (job["fraction"], job["problem"], len(job["session_ids"])) == (1.0, "", sessions)
    assert {each["user_id"] for each in database.sessions.find()} == {alice.id}


def test_the_same_file_again_is_the_same_import_and_doubles_nothing(
    alice: Person, database: Any
) -> None:
    content = (DATA / "chatgpt.json").read_bytes()
    first, again = imported(alice, content), imported(alice, content)
    assert again["import_id"] == first["import_id"]
    assert (again["counts"]["sessions"], again["counts"]["already_there"]) == (0, 2)
    assert database.sessions.count_documents({}) == 2


@pytest.mark.mongod("mongomock answers otherwise")
def test_the_times_of_messages_are_kept_and_a_copy_is_said(alice: Person, database: Any) -> None:
    imported(alice, (DATA / "open_webui.json").read_bytes())
    [original] = database.sessions.find()
    exported = alice.client.get(f"/session/{original['_id']}/export?format=json")
    job = imported(alice, b"".join(exported))
    assert (job["counts"]["sessions"], job["counts"]["copies"]) == (1, 1)
    [copy] = database.sessions.find({"_id": {"$ne": original["_id"]}})
    assert [m["timestamp"] for m in copy["messages"]] == [
        m["timestamp"] for m in original["messages"]
    ]
    assert copy["title"] == original["title"]


def test_a_file_that_is_none_is_said_why(alice: Person, database: Any) -> None:
    job = imported(alice, b'{"hello": "world"}')
    assert (job["status"], job["counts"]["sessions"]) == ("failed", 0)
    assert "none of the formats" in job["problem"]


def test_another_format_that_is_claimed_is_said(alice: Person, database: Any) -> None:
    job = imported(alice, (DATA / "claude.json").read_bytes(), "?format=openai")
    assert (job["status"], "it looks like Claude's" in job["problem"]) == ("failed", True)


def test_a_stranger_does_not_see_an_import(alice: Person, bob: Person, database: Any) -> None:
    job = imported(alice, (DATA / "claude.json").read_bytes())
    answer = bob.client.get(f"/session/import/{job['import_id']}")
    unknown = bob.client.get("/session/import/imp_0")
    assert (answer.status_code, answer.json()) == (404, NOT_FOUND)
    assert (unknown.status_code, unknown.json()) == (404, NOT_FOUND)


def test_a_quota_ends_an_import_and_is_said(alice: Person, database: Any, settings: Any) -> None:
    settings.QUOTA_SESSIONS = 1
    job = imported(alice, (DATA / "chatgpt.json").read_bytes())
    assert job["status"] == "failed"
    assert "quota of 1 sessions" in job["problem"]
    assert database.sessions.count_documents({}) <= 1


def test_a_file_over_the_limit_is_refused(alice: Person, database: Any, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100
    answer = send(alice, b"x" * 101)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")


@pytest.mark.mongod("mongomock answers otherwise")
def test_an_export_of_everything_gives_nobody_the_sessions_of_others(
    alice: Person, bob: Person, database: Any
) -> None:
    imported(alice, (DATA / "claude.json").read_bytes())
    [of_alice] = database.sessions.find()
    exported = [r for r in _own_export(alice) if r["type"] in ("session", "message")]
    first = {"type": "export", "format": "chat-sessions/sessions", "version": 1}
    counts = {"session": 1, "message": len(exported) - 1}
    exported[0] |= {"legal_hold": True}
    lines = [first, *exported, {"type": "end", "complete": True, "counts": counts}]
    content = "".join(json.dumps(line) + "\n" for line in lines).encode()

    of_bob = imported(bob, content)
    again = imported(alice, content)

    assert (of_bob["status"], of_bob["counts"]["sessions"]) == ("done", 1)
    assert (again["counts"]["sessions"], again["counts"]["already_there"]) == (0, 1)
    [stored] = database.sessions.find({"user_id": bob.id})
    assert stored["_id"] != of_alice["_id"]
    assert not stored.get("legal_hold")


def _own_export(person: Person) -> list[dict[str, Any]]:
    exported = sessions_export(selection=Selection(user_id=person.id))
    return [json.loads(writing.line(record)) for record in exported]


def test_one_import_of_a_user_at_a_time(alice: Person, database: Any, monkeypatch: Any) -> None:
    class Held:
        def __init__(self, **_: Any) -> None: ...

        def start(self) -> None: ...

    monkeypatch.setattr(imports.threading, "Thread", Held)
    first = send(alice, b"[]")
    again = send(alice, b"[]")
    other = send(alice, b"[1]")
    imports._room.release()
    assert (first.status_code, again.json()["import_id"]) == (202, first.json()["import_id"])
    assert (other.status_code, other.json()["errors"][0]["code"]) == (409, "import_in_progress")
