"""`manage.py import_sessions`: what is refused, with its line, and what is stored then."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError

from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import messages
from sessions_app.services.transfer import exporting as exports
from tests.commands.conftest import Run
from tests.commands.lines import FIRST, end, message, session, write
from tests.commands.test_import_sessions import is_whole


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
    stream = exports.session_stream(session_id=session_id, user_id="alice", now=datetime.now(UTC))
    return list(stream[1])


def append_many_of(session_id: str, number: int) -> None:
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
