"""`manage.py import_sessions`: what export_sessions and export_user have written."""

import gzip
import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from sessions_app.services import integrity, privacy
from tests.commands.conftest import Run
from tests.commands.sessions import empty, everything
from tests.commands.test_erase_user import SECRETS
from tests.commands.test_export_user import copies
from tests.docs.readme import ROOT
from tests.repository.conftest import OWNER, append, append_many, new_session, read_all

FIRST = {"type": "export", "format": "chat-sessions/sessions", "version": 1}


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
    run("import_sessions", str(exported), "--user", "carol")
    assert database.sessions.distinct("user_id") == ["carol"]


def test_a_dry_run_writes_nothing(run: Run, exported: Path, database: Any) -> None:
    outcome = run("import_sessions", str(exported), "--dry-run")
    assert outcome.out == "4 sessions with 505 messages would be imported (native)\n"
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


def write(path: Path, lines: list[Any]) -> None:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")


def session(session_id: str = "s-1", **fields: Any) -> dict[str, Any]:
    moment = "2026-11-22T10:00:00.250Z"
    policy = {
        "strategy": "recent", "max_tokens": 64, "max_messages": 1, "on_topic_shift": "keep",
    }  # fmt: skip
    return {
        "type": "session", "session_id": session_id, "user_id": "alice", "status": "active",
        "title": "", "context_policy": policy, "context_start": 1, "version": 1,
        "created_at": moment, "updated_at": moment, **fields,
    }  # fmt: skip


def message(seq: int = 1, session_id: str = "s-1", **fields: Any) -> dict[str, Any]:
    return {
        "type": "message", "session_id": session_id, "seq": seq, "id": f"msg_{seq}",
        "role": "user", "content": "hello", "timestamp": "2026-11-22T10:00:00.250Z", **fields,
    }  # fmt: skip


def end(sessions: int = 1, messages: int = 1) -> dict[str, Any]:
    counts = {"session": sessions, "message": messages}
    return {"type": "end", "complete": True, "counts": {k: v for k, v in counts.items() if v}}


def test_the_least_that_a_file_may_say_is_enough(run: Run, database: Any, tmp_path: Path) -> None:
    write(tmp_path / "in", [FIRST, session(), message(), end()])
    assert run("import_sessions", str(tmp_path / "in")).code == 0
    assert is_whole()


BAD = [
    ([], "line 1: the file is empty"),
    ([[5]], "this is in none of the formats"),
    ([FIRST | {"version": 2}], "line 1: version 2 of the format is not known here"),
    ([FIRST], "line 2: the file ends before its last record: it was cut off"),
    ([FIRST, session(), message()], "line 4: the file ends before its last record"),
    ([FIRST, session(), end(2)], "line 3: says .*, but the lines before it are"),
    ([FIRST, end(0, 0), session()], "line 3: something follows the last record, in line 2"),
    ([FIRST, 5], "line 2: not an object with a type"),
    ([FIRST, message()], "line 2: a message before the first session"),
    ([FIRST, session(), message(2)], "line 3: seq is not 1, which comes next"),
    ([FIRST, session(), message(True)], "line 3: seq is not 1"),
    ([FIRST, session(), message(session_id="s-2")], "line 3: the message is of another session"),
    ([FIRST, session(), message(), message(2, id="msg_1")], "line 4: id msg_1 stands twice"),
    (
        [FIRST, session(), message(client_id="k"), message(2, client_id="k")],
        "line 4: client_id k stands twice",
    ),
    ([FIRST, session(), message(role="robot")], "line 3: role: Value must be one of"),
    ([FIRST, session(), message(role=None)], "line 3: role is null, which is no text"),
    ([FIRST, session(), message(content=5)], "line 3: content is 5, which is no text"),
    ([FIRST, session(), message(content="a\x00b")], "line 3: Control characters"),
    ([FIRST, session(), message(content="\ud800")], "line 3: Control characters"),
    ([FIRST, session(), message(token_count="5")], 'line 3: token_count is "5", which is no whole'),
    ([FIRST, session(), message(token_count=-1)], "line 3: "),
    ([FIRST, session(), message(token_count=2**70)], "line 3: A whole number does not fit"),
    ([FIRST, session(), message(timestamp="yesterday")], "line 3: timestamp is no time"),
    ([FIRST, session(), message(timestamp="2026-11-22T10:00:00Z")], "line 3: .*milliseconds"),
    ([FIRST, session(), message(deleted=True)], "line 3: a deleted message has something left"),
    ([FIRST, session(), message(metadata={"a": 1})], "line 3: a is 1, which is no text"),
    ([FIRST, session(), message(tool_calls={})], "line 3: tool_calls is {}, which is no list"),
    ([FIRST, session(), message(surprise=1)], "line 3: unknown: surprise"),
    ([FIRST, session(messages=[])], "line 2: unknown: messages"),
    ([FIRST, session("a/b")], "line 2: session_id is not one"),
    ([FIRST, session("")], "line 2: session_id is not one"),
    ([FIRST, session(user_id=None)], "line 2: user_id is null"),
    ([FIRST, session(status="asleep")], "line 2: status: Value must be one of"),
    ([FIRST, session(title="x" * 201)], "line 2: title: String value is too long"),
    ([FIRST, session(metadata={f"k{n}": "v" for n in range(17)})], "line 2: .*metadata"),
    ([FIRST, session(context_policy={"strategy": "recent"})], "line 2: .*"),
    (
        [FIRST, session(context_start=9), message(), end()],
        "line 3: the session speaks of messages that it does not",
    ),
    ([FIRST, session(context_resets=[1, "2"])], 'line 2: context_resets is "2"'),
    ([FIRST, session(expires_at=5)], "line 2: expires_at is 5, which is no text"),
]


@pytest.mark.parametrize(
    ("lines", "says"), BAD, ids=lambda value: value if isinstance(value, str) else ""
)
def test_rubbish_is_refused_with_its_line(
    run: Run, database: Any, tmp_path: Path, lines: list[Any], says: str
) -> None:
    write(tmp_path / "in", lines)
    with pytest.raises(CommandError, match=says) as refused:
        run("import_sessions", str(tmp_path / "in"))
    assert refused.value.returncode == 1
    assert database.sessions.count_documents({}) == 0


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"type":"session"', "line 2: not JSON: "),
        (b'{"type":"session","session_id":NaN}', "line 2: not JSON: NaN is no JSON"),
        (b'{"type":"session","type":"message"}', "line 2: not JSON: a name stands twice"),
        (b"\xff\xfe", "line 2: not UTF-8"),
        (b"[" * 100_000, "line 2: nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused_with_its_line(
    run: Run, database: Any, tmp_path: Path, text: bytes, says: str
) -> None:
    (tmp_path / "in").write_bytes(json.dumps(FIRST).encode() + b"\n" + text + b"\n")
    with pytest.raises(CommandError, match=says):
        run("import_sessions", str(tmp_path / "in"))


def test_what_stands_before_a_refused_line_is_stored_and_the_session_at_it_is_not(
    run: Run, database: Any, tmp_path: Path
) -> None:
    broken = [session("s-3"), *(message(seq, "s-3") for seq in range(1, 400)), message(9, "s-3")]
    good = [session("s-1"), message(), session("s-2"), message(1, "s-2")]
    write(tmp_path / "in", [FIRST, *good, *broken])
    with pytest.raises(CommandError, match="line 406: seq is not 400"):
        run("import_sessions", str(tmp_path / "in"))
    assert sorted(database.sessions.distinct("_id")) == ["s-1", "s-2"]
    mended = [session("s-3"), *(message(seq, "s-3", content="mended") for seq in range(1, 300))]
    write(tmp_path / "in", [FIRST, *good, *mended, end(3, 301)])
    assert run("import_sessions", str(tmp_path / "in"), "--json").json()["sessions"] == 1
    assert {m.content for m in read_all_of("s-3")} == {"mended"}
    assert is_whole()
    append_many_of("s-3", 300)
    assert [m.seq for m in read_all_of("s-3")] == list(range(1, 600))
    assert is_whole()


def read_all_of(session_id: str) -> list[Any]:
    from sessions_app.services import exports

    found = exports.session_stream(session_id=session_id, user_id="alice", now=datetime.now(UTC))
    return list(found[1])


def append_many_of(session_id: str, number: int) -> None:
    from sessions_app.domain.data import Role
    from sessions_app.domain.drafts import MessageDraft
    from sessions_app.services import messages

    for _ in range(0, number, 100):
        messages.message_append_batch(
            session_id=session_id,
            user_id="alice",
            batch=[MessageDraft(Role.USER, "more")] * 100,
            now=datetime.now(UTC),
        )


@pytest.mark.parametrize("name", ["nowhere", "directory", "damaged.gz"])
def test_a_file_that_cannot_be_read_is_named(run: Run, database: Any, tmp_path: Path, name: str):
    (tmp_path / "directory").mkdir()
    (tmp_path / "damaged.gz").write_bytes(b"no archive")
    with pytest.raises(CommandError, match=name) as refused:
        run("import_sessions", str(tmp_path / name))
    assert refused.value.returncode == 1


def test_two_imports_at_once_store_everything_once(run: Run, exported: Path, database: Any) -> None:
    outcomes: list[Any] = []

    def work() -> None:
        outcomes.append(run("import_sessions", str(exported), "--json").json())

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
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
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as importing:
            deadline = time.monotonic() + 60
            while database.sessions.count_documents({}) < wanted and importing.poll() is None:
                assert time.monotonic() < deadline
            if importing.poll() is None:
                importing.send_signal(signal.SIGKILL)
                kills += 1
    assert kills >= 1
    assert run("import_sessions", str(first)).code == 0
    run("export_sessions", "--output", str(second))
    assert second.read_bytes() == first.read_bytes()
    assert is_whole()
