"""`manage.py export_sessions`."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from sessions_app.domain.records import writing as records
from tests.commands.conftest import Run
from tests.commands.sessions import everything
from tests.commands.test_export_user import copies


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_all_sessions_with_all_their_messages(run: Run, database: Any, tmp_path: Path) -> None:
    ids = everything(database)
    outcome = run("export_sessions", "--output", str(tmp_path / "out"))
    assert (outcome.code, outcome.out) == (0, "4 sessions, 505 messages\n")
    first, *lines, last = read(tmp_path / "out")
    assert first == {"type": "export", "format": "chat-sessions/sessions", "version": 1}
    assert last == {"type": "end", "complete": True, "counts": {"session": 4, "message": 505}}
    assert [line["session_id"] for line in lines if line["type"] == "session"] == sorted(ids)


def test_of_thousands_every_one_is_written_once(run: Run, database: Any, tmp_path: Path) -> None:
    copies(database, "alice", 5_000)
    outcome = run("export_sessions", "--output", str(tmp_path / "out"), "--json")
    assert outcome.json() == {
        "output": str(tmp_path / "out"),
        "counts": {"session": 5_000, "message": 10_000},
    }
    ids = [line["session_id"] for line in read(tmp_path / "out") if line["type"] == "session"]
    assert len(set(ids)) == len(ids) == 5_000


def test_a_selection_is_written_and_named_in_the_first_line(
    run: Run, database: Any, tmp_path: Path
) -> None:
    rich, archived, on_hold, bobs = everything(database)
    soon = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    chosen = {
        ("--user", "bob"): [bobs],
        ("--status", "archived"): [archived],
        ("--user", "owner", "--status", "active"): [rich, on_hold],
        ("--since", soon): [],
        ("--since", "2020-01-01"): [rich, archived, on_hold, bobs],
    }
    for options, expected in chosen.items():
        run("export_sessions", *options, "--output", str(tmp_path / "out"))
        first, *lines, _ = read(tmp_path / "out")
        assert set(first["only"]) <= {"user_id", "status", "since"}
        assert [line["session_id"] for line in lines if line["type"] == "session"] == expected


def test_a_compressed_file_holds_the_same(run: Run, database: Any, tmp_path: Path) -> None:
    everything(database)
    for name in ("plain", "packed.gz", "again.gz"):
        run("export_sessions", "--output", str(tmp_path / name))
    plain = (tmp_path / "plain").read_bytes()
    assert gzip.decompress((tmp_path / "packed.gz").read_bytes()) == plain
    assert (tmp_path / "packed.gz").read_bytes() == (tmp_path / "again.gz").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"plain", "packed.gz", "again.gz"}


def test_without_a_file_it_goes_to_stdout(run: Run, database: Any, capfdbinary: Any) -> None:
    everything(database)
    assert run("export_sessions").out == ""
    lines = capfdbinary.readouterr().out.splitlines()
    assert (len(lines), json.loads(lines[-1])["type"]) == (511, "end")


@pytest.mark.parametrize("name", ["out", "out.gz"])
@pytest.mark.parametrize("stop_after", [0, 1, 2, 7, 508, 509])
def test_an_interrupted_run_is_finished_by_the_next(
    run: Run, database: Any, tmp_path: Path, monkeypatch: Any, name: str, stop_after: int
) -> None:
    everything(database)
    run("export_sessions", "--output", str(tmp_path / "whole"))
    written = 0

    def stopping(record: Any) -> bytes:
        nonlocal written
        written += 1
        if written > stop_after + 1:
            raise KeyboardInterrupt
        return line(record)

    line = records.line
    with monkeypatch.context() as patch:
        patch.setattr(records, "line", stopping)
        assert run("export_sessions", "--output", str(tmp_path / name)).code == 130
    partial = tmp_path / f"{name}.partial"
    if stop_after > 2:
        partial.write_bytes(partial.read_bytes()[:-5])  # as a kill in the middle of a line
    assert run("export_sessions", "--output", str(tmp_path / name), "--resume").code == 0
    finished = (tmp_path / name).read_bytes()
    finished = gzip.decompress(finished) if name.endswith(".gz") else finished
    assert finished == (tmp_path / "whole").read_bytes()
    assert not partial.exists()


def test_a_file_begun_with_other_options_is_not_gone_on_with(
    run: Run, database: Any, tmp_path: Path
) -> None:
    (tmp_path / "out.partial").write_bytes(b'{"type":"export","only":{"user_id":"x"}}\n')
    with pytest.raises(CommandError, match="begun with other options") as refused:
        run("export_sessions", "--output", str(tmp_path / "out"), "--resume")
    assert refused.value.returncode == 1


@pytest.mark.parametrize("option", ["--json", "--resume"])
def test_what_needs_a_file_is_wrong_usage_without_one(option: str) -> None:
    with pytest.raises(CommandError, match="need --output FILE") as refused:
        call_command("export_sessions", option)
    assert refused.value.returncode == 2
