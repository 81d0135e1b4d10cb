from typing import Any

from tests.commands.conftest import Run


def test_a_missing_index_is_found_and_then_made(run: Run, database: Any) -> None:
    database.sessions.drop_index("expiry")
    missing = {"collection": "sessions", "index": "expiry", "problem": "missing"}
    checked = run("ensure_indexes", "--check", "--json")
    assert (checked.code, checked.json()) == (1, {"differences": [missing]})
    assert run("ensure_indexes").code == 0
    assert run("ensure_indexes", "--check").code == 0


def test_a_different_index_is_reported(run: Run, database: Any) -> None:
    database.sessions.drop_index("expiry")
    database.sessions.create_index([("expires_at", -1)], name="expiry")
    outcome = run("ensure_indexes", "--check")
    assert (outcome.code, outcome.out) == (1, "sessions.expiry: different\n")


def test_an_undeclared_index_is_reported(run: Run, database: Any) -> None:
    database.sessions.create_index("title")
    outcome = run("ensure_indexes", "--check")
    assert (outcome.code, outcome.out) == (1, "sessions.title_1: undeclared\n")


def test_it_says_that_all_is_as_declared(run: Run) -> None:
    assert run("ensure_indexes").out == "all indexes are as declared\n"
