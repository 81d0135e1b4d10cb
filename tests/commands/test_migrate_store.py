"""`migrate_store`, as an operator runs it."""

from typing import Any

import pytest

from sessions_app.documents import versions
from tests.commands.conftest import Run
from tests.repository.conftest import new_session


@pytest.fixture
def of_0_1(database: Any) -> None:
    """Three sessions as 0.1 stored them."""
    for _ in range(3):
        new_session()
    database.sessions.update_many({}, {"$unset": {"schema_version": 1}})


def test_it_takes_documents_along_and_says_how_many(run: Run, database: Any, of_0_1: None) -> None:
    result = run("migrate_store")
    assert result.code == 0
    assert result.out.startswith(
        "  sessions: 3\n4 documents looked at, 3 were taken to version 2, 0 left; "
    )
    assert set(database.sessions.distinct("schema_version")) == {versions.CURRENT}


def test_a_dry_run_changes_nothing(run: Run, database: Any, of_0_1: None) -> None:
    result = run("migrate_store", "--dry-run", "--json").json()
    assert (result["dry_run"], result["migrated"], result["collections"]) == (
        True, 3, {"sessions": 3},
    )  # fmt: skip
    assert database.sessions.count_documents({"schema_version": None}) == 3
    assert "would be taken" in run("migrate_store", "--dry-run").out


def test_its_rate_can_be_set(run: Run, of_0_1: None) -> None:
    assert run("migrate_store", "--rate", "1000000", "--json").json()["migrated"] == 3


def test_it_exits_with_1_when_documents_are_left(run: Run, database: Any, of_0_1: None) -> None:
    database.sessions.update_one({}, {"$set": {"schema_version": "two"}})
    result = run("migrate_store", "--json")
    assert (result.code, result.json()["left"], result.json()["migrated"]) == (1, 1, 2)
