"""`manage.py export_user`."""

import gzip
import json
import stat
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from tests.commands.conftest import Run
from tests.repository.conftest import OWNER, append_many, new_session

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice", "alice@example.com", "pw")


def copies(database: Any, user_id: str, number: int) -> None:
    """As many sessions of a user, alike but for their ids."""
    session = new_session(title="copied")
    append_many(session.session_id, ["hello", "there"])
    model = database.sessions.find_one({"_id": session.session_id})
    database.sessions.delete_one({"_id": session.session_id})
    database.sessions.insert_many(
        [model | {"_id": f"{user_id[:8]}-{n:06d}", "user_id": user_id} for n in range(number)]
    )


def read(path: Any) -> list[dict[str, Any]]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_thousands_of_sessions_go_to_a_file(run: Run, database: Any, alice: User, tmp_path, name):
    copies(database, str(alice.pk), 3_000)
    copies(database, "somebody else", 10)
    outcome = run("export_user", "Alice", "--output", str(tmp_path / name), "--json")
    counts = {"account": 1, "session": 3_000, "message": 6_000}
    assert (outcome.code, outcome.json()) == (
        0, {"user_id": str(alice.pk), "output": str(tmp_path / name), "counts": counts},
    )  # fmt: skip
    records = read(tmp_path / name)
    assert len(records) == 9_003
    assert records[-1] == {"type": "end", "complete": True, "counts": counts}
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_without_a_file_it_goes_to_stdout_and_the_summary_does_not(
    run: Run, alice: User, capfdbinary: Any
) -> None:
    outcome = run("export_user", str(alice.pk))
    out = capfdbinary.readouterr().out.splitlines()
    assert [json.loads(line)["type"] for line in out] == ["export", "account", "end"]
    assert (outcome.code, outcome.out) == (0, "")


def test_somebody_without_an_account_is_found_by_id(run: Run, database: Any, tmp_path) -> None:
    append_many(new_session().session_id, ["hello"])
    outcome = run("export_user", OWNER, "--output", str(tmp_path / "out"))
    assert (outcome.code, outcome.out) == (0, f"{OWNER}: 1 session, 1 message\n")


def test_an_id_taken_as_a_username_gets_nobody_elses_data(run: Run, alice: User, tmp_path) -> None:
    User.objects.create_user(str(alice.pk), "mallory@example.com", "pw")
    outcome = run("export_user", str(alice.pk), "--output", str(tmp_path / "out"), "--json")
    assert outcome.json()["user_id"] == str(alice.pk)
    assert read(tmp_path / "out")[1]["username"] == "alice"


def test_a_name_can_be_said_to_be_an_id(run: Run, database: Any, tmp_path) -> None:
    User.objects.create_user("42", "x@example.com", "pw")
    copies(database, "42", 1)
    outcome = run("export_user", "42", "--id", "--output", str(tmp_path / "out"), "--json")
    assert outcome.json()["counts"] == {"session": 1, "message": 2}


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["nobody"], 1, "Nobody with that username or id is known here."),
        (["nobody", "--json"], 2, "--json needs --output FILE"),
    ],
)
def test_what_cannot_be_done_is_said(run: Run, arguments: Any, code: int, says: str) -> None:
    with pytest.raises(CommandError, match=says) as refused:
        call_command("export_user", *arguments)
    assert refused.value.returncode == code


def test_a_file_that_is_left_unfinished_does_not_have_the_name(
    run: Run, database: Any, alice: User, tmp_path, monkeypatch: Any
) -> None:
    copies(database, str(alice.pk), 3)

    def interrupted(_: Any) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr("sessions_app.domain.records.writing.line", interrupted)
    assert run("export_user", "alice", "--output", str(tmp_path / "out")).code == 130
    assert [path.name for path in tmp_path.iterdir()] == ["out.partial"]
