"""`POST /session/import`: the export of another program, imported in the background."""

import gzip
import json
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sessions_app.domain.imports import INTERRUPTED, LEASE
from sessions_app.domain.quotas import Usage
from sessions_app.domain.records import writing
from sessions_app.services import imports, quotas
from sessions_app.services.transfer import Selection, sessions_export
from tests import files
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


@pytest.mark.mongod("mongomock answers otherwise")
def test_sessions_that_are_stored_together_are_counted_together(
    alice: Person, database: Any, settings: Any, monkeypatch: Any
) -> None:
    counted: list[Usage] = []
    take = quotas.take

    def note(user_id: str, need: Usage) -> None:
        counted.append(need)
        take(user_id, need)

    monkeypatch.setattr(quotas, "take", note)
    job = imported(alice, (DATA / "chatgpt.json").read_bytes())
    stored = list(database.sessions.find())
    assert [(each.sessions, each.messages) for each in counted] == [(2, job["counts"]["messages"])]
    assert counted[0].bytes == sum(each["tail_bytes"] for each in stored)


def test_a_file_over_the_limit_is_refused(alice: Person, database: Any, settings: Any) -> None:
    settings.IMPORT_MAX_BYTES = 100
    answer = send(alice, b"x" * 101)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    "name",
    ["x" * 300, "💥" * 100, "..", ".", "/etc/passwd", "a/../../b", "-", "\u202egnp.exe", "a\tb"],
)
def test_a_file_may_be_called_anything(alice: Person, database: Any, name: str) -> None:
    content = (DATA / "agents_items.json").read_bytes()
    job = imported(alice, content, f"?name={quote(name)}")
    assert (job["status"], job["counts"]["sessions"]) == ("done", 1)


def test_a_name_in_a_header_may_have_a_null(alice: Person, database: Any) -> None:
    answer = alice.client.post(
        "/session/import",
        data=(DATA / "claude.json").read_bytes(),
        content_type="application/octet-stream",
        HTTP_CONTENT_DISPOSITION="attachment; filename*=UTF-8''a%00b",
    )
    assert answer.status_code == 202
    assert finished(alice, answer.json()["import_id"])["status"] == "done"


def test_a_packed_file_that_has_no_end_fails_in_words(
    alice: Person, database: Any, settings: Any
) -> None:
    settings.IMPORT_MAX_BYTES = 1_000_000
    job = imported(alice, gzip.compress(b"[" + b" " * 11_000_000))
    assert job["status"] == "failed"
    assert "once it is unpacked" in job["problem"]


def test_names_of_a_file_turn_no_sentence_around(alice: Person, database: Any) -> None:
    conversation = {"id": "c", "title": "\u202egnp", "mapping": {"a": 1}, "current_node": "a"}
    job = imported(alice, json.dumps([conversation, {"mapping": 1, "title": "\u202egnp"}]).encode())
    sentences = [*job["refused"], *job["left"], *job["changed"], job["problem"]]
    assert not any("\u202e" in each and "\u2068" not in each for each in sentences), sentences


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


def test_an_import_whose_process_died_is_interrupted_and_goes_on_with_the_same_file(
    alice: Person, database: Any
) -> None:
    content = (DATA / "chatgpt.json").read_bytes()
    import_id = imported(alice, content)["import_id"]
    # As a process leaves it that was killed behind the first of two conversations.
    long_ago = datetime.now(UTC) - LEASE - timedelta(seconds=1)
    running = {"$set": {"status": "running", "updated_at": long_ago}, "$unset": {"finished_at": 1}}
    database.import_runs.update_one({"_id": import_id}, running)
    one, other = database.sessions.find().sort("_id", 1)
    database.sessions.delete_one({"_id": other["_id"]})

    job = alice.client.get(f"/session/import/{import_id}").json()
    assert (job["status"], job["problem"], job["finished_at"]) == ("interrupted", INTERRUPTED, None)

    again = imported(alice, content)
    assert (again["import_id"], again["status"], again["problem"]) == (import_id, "done", "")
    assert (again["counts"]["sessions"], again["counts"]["already_there"]) == (1, 1)
    assert list(database.sessions.find().sort("_id", 1)) == [one, other]


def test_a_process_that_ends_says_that_its_import_is_interrupted(
    alice: Person, database: Any, monkeypatch: Any
) -> None:
    content = (DATA / "chatgpt.json").read_bytes()
    monkeypatch.setattr(imports, "_stopping", threading.Event())
    imports.imports_stop(seconds=10)
    job = imported(alice, content)
    assert (job["status"], job["problem"]) == ("interrupted", INTERRUPTED)
    assert database.sessions.count_documents({}) == 0

    # Another process, at once.
    monkeypatch.setattr(imports, "_stopping", threading.Event())
    again = imported(alice, content)
    assert (again["import_id"], again["status"]) == (job["import_id"], "done")
    assert database.sessions.count_documents({}) == 2


@pytest.mark.mongod("GridFS")
@pytest.mark.accounts_only
def test_files_of_an_export_of_this_service_count_for_the_quota_of_attachments(
    alice: Person, bob: Person, database: Any, settings: Any
) -> None:
    content = _export_with_pictures(alice)
    settings.ATTACHMENTS_PER_USER_BYTES = len(files.picture(40, 30)) + 10

    job = imported(bob, content)
    assert job["status"] == "failed"
    assert "quota" in job["problem"]
    assert "bytes" in job["problem"]
    # Whole with its picture, or not at all.
    assert database.sessions.count_documents({"user_id": bob.id}) == 1
    assert database.attachment_facts.count_documents({"user_id": bob.id}) == 1

    settings.ATTACHMENTS_PER_USER_BYTES = 10**6
    again = imported(bob, content)
    assert (again["status"], again["counts"]["sessions"]) == ("done", 1)
    assert database.attachment_facts.count_documents({"user_id": bob.id}) == 2


def _export_with_pictures(person: Person) -> bytes:
    """Two sessions with a picture each, the first one's as large as the quota of the test."""
    for width in (40, 41):
        created = person.client.post("/session/create", {"title": f"{width}"})
        path = f"/session/{created.json()['session_id']}"
        picture = files.picture(width, 30)
        kept = person.client.generic("POST", f"{path}/attachments", picture, "image/png").json()
        part = {"type": "image", "attachment_id": kept["attachment_id"]}
        assert person.client.post(f"{path}/message", {"parts": [part]}).status_code == 201
    exported = [json.loads(line) for line in _own_export_lines(person)]
    first = {"type": "export", "format": "chat-sessions/sessions", "version": 1}
    return "".join(json.dumps(line) + "\n" for line in [first, *exported]).encode()


def _own_export_lines(person: Person) -> list[str]:
    exported = sessions_export(selection=Selection(user_id=person.id))
    return [writing.line(record) for record in exported]
