from typing import Any

from tests.commands.conftest import Run
from tests.repository.conftest import new_session


def test_a_sound_store_exits_with_0(run: Run) -> None:
    new_session()
    outcome = run("check_integrity")
    assert (outcome.code, outcome.out) == (0, "1 sessions checked, 0 findings, 0 repaired\n")


def test_damage_exits_with_1_and_names_the_session(run: Run, database: Any) -> None:
    session_id = new_session().session_id
    database.sessions.update_one({"_id": session_id}, {"$set": {"token_count": 5}})
    outcome = run("check_integrity")
    assert outcome.code == 1
    assert f"{session_id}: miscounted_tokens (says 5, holds 0), found" in outcome.out


def test_repaired_damage_exits_with_0(run: Run, database: Any) -> None:
    session_id = new_session().session_id
    database.sessions.update_one({"_id": session_id}, {"$set": {"token_count": 5}})
    assert run("check_integrity", "--repair").code == 0
    assert run("check_integrity").code == 0


def test_json_is_one_object_and_nothing_else(run: Run, database: Any) -> None:
    session_id = new_session().session_id
    database.sessions.update_one({"_id": session_id}, {"$set": {"token_count": 5}})
    assert run("check_integrity", "--json").json() == {
        "checked": 1,
        "findings": [
            {
                "session_id": session_id,
                "damage": "miscounted_tokens",
                "detail": "says 5, holds 0",
                "repaired": False,
            }
        ],
    }
