"""Commands meet a damaged session: each goes on with the others, and those that judge say so."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.commands.conftest import Run
from tests.repository.conftest import OWNER, append, new_session

FIELDS = {
    "context_policy": 7, "context_policy.strategy": "telepathy", "message_count": "many",
    "messages": 7, "messages.0.role": "oracle", "tail_start": "x", "turn": 7, "updated_at": "then",
    "expires_at": "never", "status": "asleep", "metadata": 7, "user_id": 7,
}  # fmt: skip
COMMANDS = [
    ("check_integrity",), ("audit_expiry",), ("expire_sessions", "--dry-run"),
    ("expire_sessions",), ("retime_sessions", "--dry-run"), ("audit_context",),
    ("rebuild_annotations",), ("rebuild_search",), ("ensure_indexes", "--check"),
]  # fmt: skip


@pytest.fixture(params=FIELDS)
def damaged(request: pytest.FixtureRequest, database: Any) -> str:
    """One damaged session among three."""
    ids = [new_session(title="Ferns").session_id for _ in range(3)]
    for session_id in ids:
        append(session_id, "How much light do ferns need?")
    fields = {request.param: FIELDS[request.param]}
    database.sessions.update_one({"_id": ids[1]}, {"$set": fields})
    return ids[1]


def test_no_command_ends_in_a_traceback(run: Run, damaged: str) -> None:
    for command in COMMANDS:
        assert run(*command).code in {0, 1}, command


def test_check_integrity_names_it(run: Run, damaged: str) -> None:
    found = run("check_integrity", "--json").json()["findings"]
    assert damaged in {each["session_id"] for each in found if each["damage"] == "invalid_document"}
    assert {each["session_id"] for each in found} == {damaged}


def test_an_export_leaves_it_out_says_so_and_exits_with_1(
    run: Run, damaged: str, tmp_path: Path
) -> None:
    file = tmp_path / "all.jsonl.gz"
    outcome = run("export_sessions", "--output", str(file))
    assert outcome.code == 1
    assert outcome.out == "2 sessions, 2 messages; 1 damaged and left out\n"
    with gzip.open(file, "rt") as lines:
        exported = [json.loads(line) for line in lines]
    assert damaged not in {each.get("session_id") for each in exported}


def test_a_person_s_export_says_that_there_is_one(database: Any) -> None:
    from sessions_app.repository import records

    session_id = new_session().session_id
    database.sessions.update_one({"_id": session_id}, {"$set": {"context_policy": 7}})
    exported = list(records.reading.session_records([session_id], user_id=OWNER))
    assert exported == [{"type": "damaged_session", "session_id": session_id}]
