"""`manage.py import_sessions`: what other programs keep."""

import contextlib
import io
import json
import shutil
import sqlite3
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from django.core.management import CommandError

from sessions_app.domain.data import Role
from sessions_app.services.audits import integrity
from sessions_app.services.transfer import storing
from tests.commands.conftest import Run

DATA = Path(__file__).parents[1] / "data" / "imports"


@pytest.fixture
def sqlite_file(tmp_path: Path) -> Path:
    """A file as `SQLiteSession` writes it."""
    path = tmp_path / "agents.db"
    with sqlite3.connect(path) as database:
        database.executescript((DATA / "agents.sql").read_text())
    database.close()
    return path


FILES = [
    ("chatgpt.json", "openai", 2, 11),
    ("librechat.json", "librechat", 1, 6),
    ("librechat_tree.json", "librechat", 1, 6),
    ("librechat_collections.jsonl", "librechat", 2, 7),
    ("langchain.jsonl", "langchain", 2, 11),
    ("agents_items.json", "agents", 1, 7),
    ("agents_mongodb.jsonl", "agents", 2, 9),
    ("claude.json", "claude", 1, 5),
    ("open_webui.json", "openwebui", 1, 7),
    ("langgraph_checkpoints.jsonl", "langgraph", 2, 7),
]


def stored(database: Any) -> list[Any]:
    return list(database.sessions.find().sort("_id"))


def check(run: Run, database: Any, name: str, kind: str, sessions: int, messages: int) -> Any:
    """Import twice, as a dry run before; what is stored then."""
    dry = run("import_sessions", name, "--user", "alice", "--id", "--dry-run", "--json").json()
    assert (dry["sessions"], stored(database)) == (sessions, [])
    first = run("import_sessions", name, "--user", "alice", "--id", "--json").json()
    assert (first["format"], first["sessions"], first["messages"]) == (kind, sessions, messages)
    assert first["left"] == dry["left"]
    imported = stored(database)
    again = run("import_sessions", name, "--user", "alice", "--id", "--json").json()
    assert (again["sessions"], again["already_there"]) == (0, sessions)
    assert stored(database) == imported
    assert {session["user_id"] for session in imported} == {"alice"}
    assert not list(integrity.integrity_check(repair=False, progress=lambda _: None))
    return imported


@pytest.mark.parametrize(("name", "kind", "sessions", "messages"), FILES)
def test_a_file_is_recognised_and_imported_once(
    run: Run, database: Any, name: str, kind: str, sessions: int, messages: int
) -> None:
    check(run, database, str(DATA / name), kind, sessions, messages)


def test_a_sqlite_file_of_the_agents_sdk(run: Run, database: Any, sqlite_file: Path) -> None:
    sessions = check(run, database, str(sqlite_file), "agents", 2, 8)
    assert {session["metadata"][1]["v"] for session in sessions} == {"user-7", "empty"}
    assert sessions[0]["created_at"].isoformat() == "2026-11-22T15:11:59+00:00"


def test_of_branches_in_a_sqlite_file_the_main_one(
    run: Run, database: Any, sqlite_file: Path
) -> None:
    with sqlite3.connect(sqlite_file) as agents:
        agents.execute(
            "CREATE TABLE message_structure (id INTEGER PRIMARY KEY, session_id TEXT,"
            " message_id INTEGER, branch_id TEXT, sequence_number INTEGER)"
        )
        agents.executemany(
            "INSERT INTO message_structure (session_id, message_id, branch_id, sequence_number)"
            " VALUES ('user-7', ?, ?, ?)",
            [(1, "main", 1), (7, "main", 2), (1, "other", 1), (8, "other", 2)],
        )
    agents.close()
    result = run("import_sessions", str(sqlite_file), "--user", "alice", "--id", "--json").json()
    assert result["messages"] == 2
    assert result["left"]["message of another branch"] == 9


def test_a_sqlite_file_of_something_else_is_refused(run: Run, database: Any, tmp_path: Path):
    with sqlite3.connect(tmp_path / "x.db") as other:
        other.execute("CREATE TABLE t (a)")
    other.close()
    with pytest.raises(CommandError, match="has no tables agent_sessions"):
        run("import_sessions", str(tmp_path / "x.db"), "--user", "alice", "--id")


def test_langchain_straight_from_its_database(
    run: Run, database: Any, mongo_client: Any, mongod_uri: str
) -> None:
    documents = json_util.loads(
        f"[{','.join((DATA / 'langchain.jsonl').read_text().splitlines())}]"
    )
    collection = mongo_client["langchain_import"]["history"]
    collection.drop()
    collection.insert_many(documents)
    address = mongod_uri.replace("/?", "/langchain_import?")
    options = ("--collection", "history", "--user", "alice", "--id", "--json")
    result = run("import_sessions", address, *options).json()
    assert (result["format"], result["sessions"], result["messages"]) == ("langchain", 2, 11)
    again = run(
        "import_sessions", str(DATA / "langchain.jsonl"), "--user", "alice", "--id", "--json"
    )
    assert again.json()["already_there"] == 2
    mongo_client.drop_database("langchain_import")


@pytest.mark.parametrize(
    "address", ["mongodb://", "mongodb://127.0.0.1:9/?serverSelectionTimeoutMS=50"]
)
def test_a_database_that_cannot_be_read_is_said(run: Run, database: Any, address: str) -> None:
    with pytest.raises(CommandError) as refused:
        run("import_sessions", address, "--user", "alice", "--id")
    assert refused.value.returncode == 1


def test_the_archive_of_chatgpt_as_it_came(run: Run, database: Any, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as archive:
        archive.write(DATA / "chatgpt.json", "conversations.json")
    check(run, database, str(tmp_path / "export.zip"), "openai", 2, 11)


def test_a_file_from_stdin(run: Run, database: Any, monkeypatch: Any) -> None:
    class Stdin:
        buffer = io.BytesIO((DATA / "langchain.jsonl").read_bytes())

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert run("import_sessions", "-", "--user", "alice", "--id", "--json").json()["sessions"] == 2


def test_owners_are_kept_where_the_source_has_them(run: Run, database: Any) -> None:
    run("import_sessions", str(DATA / "librechat_collections.jsonl"))
    owners = {session["user_id"] for session in stored(database)}
    assert owners == {"65f1ad8c90523874d2d409f8", "65f1ad8c90523874d2d40aaa"}


def test_without_owners_somebody_must_be_named(run: Run, database: Any) -> None:
    with pytest.raises(CommandError, match=r"say whose they become \(--user\)"):
        run("import_sessions", str(DATA / "chatgpt.json"))
    assert stored(database) == []


def test_the_same_conversations_can_become_two_peoples(run: Run, database: Any) -> None:
    for user in ("alice", "bob"):
        run("import_sessions", str(DATA / "chatgpt.json"), "--user", user, "--id")
    assert len(stored(database)) == 4


def test_a_timeout_begins_with_the_import(run: Run, database: Any, settings: Any) -> None:
    settings.SESSION_TTL_SECONDS = 1_000
    run("import_sessions", str(DATA / "chatgpt.json"), "--user", "alice", "--id")
    active, archived = stored(database)
    assert (active["expires_at"] - active["updated_at"]).days > 300
    assert "expires_at" not in archived


def test_a_long_conversation_is_divided_as_any_other(run: Run, database: Any, tmp_path: Path):
    items = [{"role": "user", "content": f"message {n}"} for n in range(3_000)]
    (tmp_path / "long.json").write_text(json.dumps(items))
    check(run, database, str(tmp_path / "long.json"), "agents", 1, 3_000)
    assert database.message_buckets.count_documents({}) == 45
    [session] = stored(database)
    assert session["messages"][-1]["role"] == Role.USER
    assert session["token_count"] > 3_000


def test_thousands_of_conversations(run: Run, database: Any, tmp_path: Path) -> None:
    [model] = json.loads((DATA / "chatgpt.json").read_text())[:1]
    conversations = [model | {"conversation_id": f"c-{n}"} for n in range(2_000)]
    (tmp_path / "many.json").write_text(json.dumps(conversations))
    outcome = run(
        "import_sessions", str(tmp_path / "many.json"), "--user", "alice", "--id", "--json"
    )
    assert outcome.json()["sessions"] == 2_000
    assert len(stored(database)) == 2_000


def test_what_is_none_of_these_is_refused(run: Run, database: Any, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"hello": "world"}')
    with pytest.raises(CommandError, match="none of the formats"):
        run("import_sessions", str(tmp_path / "x.json"), "--user", "alice", "--id")


@pytest.mark.parametrize("kind", ["openai", "librechat", "langchain", "agents", "native"])
@pytest.mark.parametrize("text", ['{"hello": "world"}', "[1]", "[null, {}]"])
def test_a_format_that_is_claimed_and_is_not_so_is_refused_or_counted(
    run: Run, database: Any, tmp_path: Path, kind: str, text: str
) -> None:
    (tmp_path / "x.json").write_text(text)
    left = {"refused": 1}
    with contextlib.suppress(CommandError):
        options = ("--user", "alice", "--id", "--format", kind, "--json")
        left = run("import_sessions", str(tmp_path / "x.json"), *options).json()["left"]
    assert sum(left.values()) > 0
    assert stored(database) == []


def test_a_line_in_the_middle_that_is_wrong_is_named_and_the_rest_is_taken(
    run: Run, database: Any, tmp_path: Path
) -> None:
    shutil.copy(DATA / "langchain.jsonl", tmp_path / "in.jsonl")
    with (tmp_path / "in.jsonl").open("a") as file:
        file.write('{"SessionId": "x"}\n')
    outcome = run("import_sessions", str(tmp_path / "in.jsonl"), "--user", "alice", "--id")
    assert outcome.code == 1
    assert "refused: line 13: not what the values before it are" in outcome.out
    assert len(stored(database)) == 2


@pytest.mark.parametrize("name", [name for name, *_ in FILES] + ["chatgpt_faults.json"])
def test_what_was_imported_comes_back_as_the_same_sessions_from_an_export(
    run: Run, database: Any, tmp_path: Path, name: str
) -> None:
    run("import_sessions", str(DATA / name), "--user", "alice", "--id", "--forks")
    first = stored(database)
    run("export_sessions", "--output", str(tmp_path / "out.jsonl"))
    database.sessions.delete_many({})
    database.message_buckets.delete_many({})
    assert run("import_sessions", str(tmp_path / "out.jsonl")).code == 0
    assert stored(database) == first


@pytest.mark.parametrize(
    ("name", "kind", "collection", "sessions", "messages"),
    [
        ("agents_mongodb.jsonl", "agents", "agent_messages", 2, 9),
        ("langgraph_checkpoints.jsonl", "langgraph", "checkpoints", 2, 7),
    ],
)
def test_sessions_straight_from_another_programs_database(
    run: Run, database: Any, mongo_client: Any, mongod_uri: str,
    name: str, kind: str, collection: str, sessions: int, messages: int,
) -> None:  # fmt: skip
    documents = json_util.loads(f"[{','.join((DATA / name).read_text().splitlines())}]")
    source = mongo_client[f"{kind}_import"]
    for document in documents:
        of_session = "_seq" in document
        source["agent_sessions" if of_session else collection].insert_one(document)
    address = mongod_uri.replace("/?", f"/{kind}_import?")
    try:
        result = run("import_sessions", address, "--user", "alice", "--id", "--json").json()
        counted = (result["format"], result["sessions"], result["messages"])
        assert counted == (kind, sessions, messages)
        again = run("import_sessions", str(DATA / name), "--user", "alice", "--id", "--json")
        assert again.json()["already_there"] == sessions
    finally:
        mongo_client.drop_database(f"{kind}_import")


def test_an_import_that_was_stopped_twice_ends_as_one_that_was_not(
    run: Run, database: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    [model] = json.loads((DATA / "chatgpt.json").read_text())[:1]
    chats = [model | {"conversation_id": f"c-{n}"} for n in range(30)]
    path = tmp_path / "many.json"
    path.write_text(json.dumps(chats))
    options = (str(path), "--user", "alice", "--id")
    run("import_sessions", *options)
    whole = stored(database)
    database.sessions.delete_many({})
    monkeypatch.setattr(storing, "_BATCH_SESSIONS", 4)
    insert = storing.records.importing.insert_sessions
    for batches in (2, 3):
        left = iter(range(batches))

        def stop(documents: Any, left: Any = left) -> Any:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return insert(documents)

        monkeypatch.setattr(storing.records.importing, "insert_sessions", stop)
        assert run("import_sessions", *options).code == 130
    monkeypatch.setattr(storing.records.importing, "insert_sessions", insert)
    assert 0 < len(stored(database)) < 30
    assert run("import_sessions", *options).code == 0
    # Their timeouts begin when they are imported.
    again = [session | {"expires_at": None} for session in stored(database)]
    assert again == [session | {"expires_at": None} for session in whole]
