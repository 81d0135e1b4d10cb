"""The read log is a hash chain, and `audit_review_log` finds every break of it."""

import io
import json
from typing import Any

import pytest
from django.core.management import call_command

from sessions_app.domain.review import Act, Staff
from sessions_app.services.privacy import erasing as privacy
from sessions_app.services.review import read_log
from sessions_app.services.review.read_log import About
from tests.review.conftest import now
from tests.waiting import Threads


def audit(*options: str) -> tuple[dict[str, Any], int]:
    """What the command prints, and how it exits."""
    out, code = io.StringIO(), 0
    try:
        call_command("audit_review_log", "--json", *options, stdout=out)
    except SystemExit as stopped:
        code = int(stopped.code or 0)
    return json.loads(out.getvalue()), code


def problems(*options: str) -> list[str]:
    result, code = audit(*options)
    assert code == (1 if result["problems"] else 0)
    return [problem["problem"] for problem in result["problems"]]


@pytest.fixture
def lines(database):
    for number in range(5):
        about = [About(f"session-{number}", "u" * 20, {"first": number})]
        read_log.log_write(staff=Staff("carol-id", "carol"), act=Act.READ, now=now(), about=about)
    return database.review_log


def test_an_untouched_log_is_whole(lines):
    result, code = audit()
    assert (code, result["lines"], result["problems"]) == (0, 5, [])
    assert result["newest"] == lines.find_one({"seq": 5})["digest"]


@pytest.mark.parametrize(
    "change",
    [{"staff_name": "nobody"}, {"act": "open"}, {"session_id": "another"}, {"reason": "legal"},
     {"digest": "0" * 64}, {"person_seal": "0" * 64}, {"staff_seal": "0" * 64}],
)  # fmt: skip
def test_a_changed_line_breaks_it(lines, change):
    lines.update_one({"seq": 3}, {"$set": change})
    assert problems()


@pytest.mark.parametrize(
    "change",
    [{"$set": {"user_id": "somebody"}}, {"$set": {"about": {}}}, {"$unset": {"user_id": 1}},
     {"$set": {"staff_id": "stan-id"}}, {"$unset": {"person_salt": 1}},
     {"$unset": {"staff_salt": 1}, "$set": {"staff_id": "stan-id"}}],
)  # fmt: skip
def test_what_an_erasure_may_take_out_may_not_be_changed(lines, change):
    lines.update_one({"seq": 3}, change)
    assert problems()


@pytest.mark.parametrize("seq", [1, 3, 5])
def test_a_missing_line_is_found_wherever_it_was(lines, seq):
    lines.delete_one({"seq": seq})
    assert problems()


def test_the_whole_log_may_not_go(lines):
    lines.delete_many({})
    assert problems() == ["5 lines are missing at the end"]


def test_lines_that_swap_places_break_it(lines):
    lines.update_one({"seq": 2}, {"$set": {"seq": 99}})
    lines.update_one({"seq": 3}, {"$set": {"seq": 2}})
    lines.update_one({"seq": 99}, {"$set": {"seq": 3}})
    assert problems()


def test_a_line_outside_the_chain_is_found(lines):
    stored = lines.find_one({"seq": 5}, {"seq": 0, "digest": 0})
    lines.insert_one(stored | {"_id": "f" + stored["_id"][1:]})
    assert problems() == ["a line was inserted outside the chain"]


def test_lines_of_before_the_chain_are_counted(lines):
    stored = lines.find_one({"seq": 1}, {"seq": 0, "digest": 0})
    lines.insert_one(stored | {"_id": "00" + stored["_id"][2:]})
    result, code = audit()
    assert (code, result["unchained"]) == (0, 1)


def test_an_erasure_leaves_the_chain_whole(lines, database):
    privacy.erase_user(user_id="u" * 20, now=now())
    privacy.erase_user(user_id="carol-id", now=now())
    assert "u" * 20 not in str(list(lines.find()))
    result, code = audit()
    assert (code, result["erased"]) == (0, 5)


def test_a_noted_digest_proves_that_nothing_before_it_has_gone(lines, database):
    noted = audit()[0]["newest"]
    assert problems("--noted", noted) == []
    database.review_log_head.delete_many({})
    lines.delete_one({"seq": 5})
    assert problems() == []
    assert problems("--noted", noted) == ["the noted digest is not in the chain"]


@pytest.mark.mongod("writers at the same moment")
def test_writers_at_the_same_moment_make_one_chain(database):
    def write(number: int) -> None:
        about = [About(f"session-{number}", "u"), About(f"session-{number}-2", "u")]
        read_log.log_write(staff=Staff("id", "carol"), act=Act.READ, now=now(), about=about)

    with Threads(8) as threads:
        list(threads.map(write, range(40)))
    result, code = audit()
    assert (code, result["lines"]) == (0, 80)
