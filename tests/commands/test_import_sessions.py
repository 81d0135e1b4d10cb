"""`manage.py import_sessions`: what export_sessions and export_user have written."""

import gzip
import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sessions_app.services.audits import integrity
from sessions_app.services.privacy import erasing as privacy
from tests.commands.conftest import Run
from tests.commands.lines import write
from tests.commands.sessions import empty, everything
from tests.commands.test_erase_user import SECRETS
from tests.commands.test_export_user import copies
from tests.docs.readme import ROOT
from tests.repository.conftest import OWNER, append, append_many, new_session, read_all
from tests.waiting import at_once, started, wait_until


def is_whole() -> bool:
    return not list(integrity.integrity_check(repair=False, progress=lambda _: None))


@pytest.fixture
def exported(run: Run, database: Any, tmp_path: Path) -> Path:
    """An export of everything, and nothing stored any more."""
    everything(database)
    run("export_sessions", "--output", str(tmp_path / "first"))
    empty(database)
    return tmp_path / "first"


@pytest.mark.parametrize("name", ["first", "first.gz"])
def test_an_export_of_what_was_imported_is_the_same_file(
    run: Run, exported: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "first.gz").write_bytes(gzip.compress(exported.read_bytes()))
    outcome = run("import_sessions", str(tmp_path / name))
    assert outcome.out == "4 sessions with 505 messages imported (native)\n"
    run("export_sessions", "--output", str(tmp_path / "second"))
    assert (tmp_path / "second").read_bytes() == exported.read_bytes()
    assert is_whole()


def test_thousands_of_sessions_and_a_long_one(run: Run, database: Any, tmp_path: Path) -> None:
    copies(database, "alice", 3_000)
    append_many(new_session().session_id, [f"message {n} " + "x" * (n % 900) for n in range(5_000)])
    run("export_sessions", "--output", str(tmp_path / "first"))
    empty(database)
    result = run("import_sessions", str(tmp_path / "first"), "--json").json()
    assert (result["sessions"], result["messages"], result["left"]) == (3_001, 11_000, {})
    run("export_sessions", "--output", str(tmp_path / "second"))
    assert (tmp_path / "second").read_bytes() == (tmp_path / "first").read_bytes()


def test_an_imported_session_goes_on_as_before(run: Run, database: Any, tmp_path: Path) -> None:
    session_id = new_session().session_id
    append_many(session_id, [f"message {n}" for n in range(300)])
    append(session_id, "keyed", "key-1")
    run("export_sessions", "--output", str(tmp_path / "out"))
    empty(database)
    run("import_sessions", str(tmp_path / "out"))
    append_many(session_id, ["more"] * 300)
    assert append(session_id, "keyed", "key-1").seq == 301
    assert [message.seq for message in read_all(session_id)] == list(range(1, 602))
    assert is_whole()


def test_importing_again_doubles_nothing_and_changes_nothing(
    run: Run, exported: Path, database: Any
) -> None:
    run("import_sessions", str(exported))
    session_id = next(iter(database.sessions.distinct("_id", {"ttl_seconds": 0})))
    append(session_id, "said since")
    before = list(database.sessions.find().sort("_id"))
    outcome = run("import_sessions", str(exported))
    assert outcome.out.splitlines()[1] == "4 sessions are there already and were left alone"
    assert list(database.sessions.find().sort("_id")) == before


def test_a_session_that_has_grown_in_the_file_is_named(
    run: Run, exported: Path, database: Any
) -> None:
    run("import_sessions", str(exported))
    lines = [json.loads(line) for line in exported.read_bytes().splitlines()]
    last = next(n for n in range(len(lines)) if lines[n].get("seq") == 500)
    lines.insert(last + 1, lines[last] | {"seq": 501, "id": "msg_new"})
    lines[-1]["counts"]["message"] += 1
    write(exported, lines)
    result = run("import_sessions", str(exported), "--json").json()
    assert (result["sessions"], result["already_there"], result["grown"]) == (0, 4, 1)


def test_all_can_go_to_one_user(run: Run, exported: Path, database: Any) -> None:
    run("import_sessions", str(exported), "--user", "carol", "--id")
    assert database.sessions.distinct("user_id") == ["carol"]


def test_a_dry_run_writes_nothing(run: Run, exported: Path, database: Any) -> None:
    outcome = run("import_sessions", str(exported), "--dry-run")
    assert outcome.out.startswith("4 sessions with 505 messages would be imported (native)\n")
    assert (
        database.sessions.count_documents({}) == database.message_buckets.count_documents({}) == 0
    )


def test_tokens_are_counted_where_nobody_has(run: Run, exported: Path, database: Any) -> None:
    lines = [json.loads(line) for line in exported.read_bytes().splitlines()]
    counted = [line.pop("token_count", None) for line in lines]
    write(exported, lines)
    run("import_sessions", str(exported))
    run("export_sessions", "--output", str(exported))
    again = [json.loads(line).get("token_count") for line in exported.read_bytes().splitlines()]
    assert again == counted


def test_what_a_person_has_exported_can_be_imported(
    run: Run, exported: Path, database: Any, tmp_path: Path, db: Any
) -> None:
    run("import_sessions", str(exported))
    run("export_user", OWNER, "--output", str(tmp_path / "mine"))
    empty(database)
    lines = [json.loads(line) for line in (tmp_path / "mine").read_bytes().splitlines()]
    lines.insert(1, {"type": "account", "username": "x"})
    lines[-1]["counts"]["account"] = 1
    write(tmp_path / "mine", lines)
    result = run("import_sessions", str(tmp_path / "mine"), "--json").json()
    assert (result["sessions"], result["left"]) == (3, {"account": 1})


def test_nobody_is_brought_back_who_was_erased(
    run: Run, exported: Path, database: Any, tmp_path: Path
) -> None:
    privacy.erase_user(user_id=OWNER, now=datetime.now(UTC))
    result = run("import_sessions", str(exported), "--json").json()
    assert (result["sessions"], result["of_erased_users"]) == (1, 3)
    assert database.sessions.distinct("user_id") == ["bob"]
    assert database.message_buckets.count_documents({}) == 0


def test_two_imports_at_once_store_everything_once(run: Run, exported: Path, database: Any) -> None:
    outcomes = at_once(*[lambda: run("import_sessions", str(exported), "--json").json()] * 4)
    assert sum(outcome["sessions"] for outcome in outcomes) == 4
    run("export_sessions", "--output", f"{exported}.2")
    assert Path(f"{exported}.2").read_bytes() == exported.read_bytes()
    assert is_whole()


def test_killed_anywhere_the_next_run_finishes(
    run: Run, database: Any, database_name: str, mongod_uri: str, tmp_path: Path
) -> None:
    copies(database, "alice", 1_500)
    append_many(new_session().session_id, [f"message {n}" for n in range(3_000)])
    copies(database, "bob", 1_500)
    first, second = tmp_path / "first", tmp_path / "second"
    run("export_sessions", "--output", str(first))
    empty(database)
    environment = os.environ | SECRETS | {
        "MONGODB_URI": mongod_uri,
        "MONGODB_DATABASE": database_name,
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "chatproject.settings",
    }  # fmt: skip
    command = [sys.executable, "manage.py", "import_sessions", str(first)]
    kills = 0
    for wanted in (200, 1_000, 2_000):
        with started(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as importing:
            is_far = lambda: database.sessions.count_documents({}) >= wanted  # noqa: B023, E731
            wait_until(lambda: is_far() or importing.poll() is not None, pause=0)  # noqa: B023
            if importing.poll() is None:
                importing.send_signal(signal.SIGKILL)
                kills += 1
    assert kills >= 1
    assert run("import_sessions", str(first)).code == 0
    run("export_sessions", "--output", str(second))
    assert second.read_bytes() == first.read_bytes()
    assert is_whole()
