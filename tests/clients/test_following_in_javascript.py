"""`clients/js` in Node, against made-up answers: how it follows a turn; whose tokens it sends."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.conftest import NODE
from tests.docs import pages

PROGRAM = Path(__file__).parent / "node" / "following.mjs"
pytestmark = pytest.mark.skipif(NODE is None, reason="needs node")


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("following")
    shutil.copy(pages.ROOT / "clients" / "js" / "chat-sessions.js", folder)
    shutil.copy(PROGRAM, folder)
    (folder / "package.json").write_text('{"type": "module"}')
    ran = subprocess.run(
        ["node", PROGRAM.name], cwd=folder, capture_output=True, encoding="utf-8", timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def test_a_broken_stream_is_resumed_for_as_long_as_the_caller_says(seen: Any):
    outcome = seen["resumed"]
    assert outcome["text"] == "one two"
    assert outcome["requests"] == ["POST", "GET t1:3", "GET t1:3", "GET t1:3"]
    assert outcome["calls"] == ["open", "broken", "broken", "broken", "open"]
    assert outcome["turns"] == ["t1"]


def test_a_turn_that_has_not_begun_ends_with_the_first_failure_if_only_one_is_allowed(seen: Any):
    assert seen["not_begun"]["error"] == "Unreachable"
    assert seen["not_begun"]["requests"] == ["POST"]


@pytest.mark.parametrize("how", ["run_again", "failed_and_run_again"])
def test_an_interrupted_turn_is_run_again_and_what_was_shown_is_void(seen: Any, how: str):
    assert seen[how]["text"] == "new"
    assert seen[how]["types"] == ["context", "delta", "restarted", "context", "delta", "done"]
    assert seen[how]["turns"] == ["t1", "t2"]


def test_the_caller_may_decide_against_running_it_again(seen: Any):
    over, failed = seen["not_run_again"], seen["failed"]
    assert (over["error"], over["requests"]) == ("", ["POST", "GET t1:3"])
    assert (failed["error"], failed["requests"]) == ("failed: turn_interrupted", ["POST"])


def test_who_leaves_is_told_so_and_nothing_more_is_sent(seen: Any):
    assert seen["left"]["error"] == "AbortError"
    assert seen["left"]["requests"] == ["POST"]


def test_the_turn_of_another_client_is_followed_over_a_break(seen: Any):
    assert seen["of_another_client"]["text"] == "one two"
    assert seen["of_another_client"]["requests"] == ["GET", "GET t1:3"]
    assert seen["none_in_progress"]["types"] == []


def test_a_session_that_is_in_another_turn_is_said_at_once_where_nobody_wants_to_wait(seen: Any):
    assert seen["in_progress"]["error"] == "ApiError"


def test_tokens_that_others_keep_are_asked_for_and_renewed_when_they_are_refused(seen: Any):
    assert seen["tokens"]["asked"] == ["", "old", "", "old"]
    assert seen["tokens"]["sent"] == ["Bearer old", "Bearer newer", "old", "newer"]
    assert seen["tokens"]["own"] == {"ok": True}
