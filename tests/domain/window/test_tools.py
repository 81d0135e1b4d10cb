"""Tool calls in the window."""

import pytest

from sessions_app.domain.window.planning import Reason, Strategy, WindowPolicy, plan_window
from tests.domain.window.builders import call, reasons, result, say

WIDE = WindowPolicy(1_000, Strategy.RECENT)


def test_a_call_with_both_parallel_results_is_kept():
    messages = [say(1), call(2, "a", "b"), result(3, "a"), result(4, "b"), say(5)]
    assert plan_window(messages, WIDE).kept_seqs == (1, 2, 3, 4, 5)


def test_results_go_with_a_call_that_does_not_fit():
    messages = [say(1), call(2, "a", tokens=90), result(3, "a", tokens=1), say(4)]
    plan = plan_window(messages, WindowPolicy(64, Strategy.RECENT))
    assert plan.kept_seqs == (1, 4)
    assert reasons(plan)[3] == Reason.OVER_BUDGET


def test_a_result_without_its_call_is_dropped():
    plan = plan_window([result(1, "gone"), say(2)], WIDE)
    assert reasons(plan)[1] == Reason.ORPHANED_RESULT


def test_a_result_before_its_call_is_an_orphan():
    plan = plan_window([result(1, "a"), call(2, "a"), result(3, "a"), say(4)], WIDE)
    assert plan.kept_seqs == (2, 3, 4)


def test_a_call_that_the_conversation_left_behind_unanswered_is_dropped():
    plan = plan_window([say(1), call(2, "a", "b"), result(3, "a"), say(4)], WIDE)
    assert plan.kept_seqs == (1, 4)
    assert reasons(plan)[2] == reasons(plan)[3] == Reason.UNANSWERED_CALL


@pytest.mark.parametrize("answered", [0, 1])
def test_a_call_at_the_newest_end_may_wait_for_its_results(answered):
    messages = [say(1), call(2, "a", "b"), result(3, "a")][: 2 + answered]
    assert plan_window(messages, WIDE).dropped_count == 0


def test_a_deleted_result_takes_its_call_out():
    messages = [say(1), call(2, "a"), result(3, "a", deleted=True), say(4)]
    plan = plan_window(messages, WIDE)
    assert plan.kept_seqs == (1, 4)


def test_a_user_message_between_a_call_and_its_result_parts_nothing():
    messages = [call(1, "a"), say(2), result(3, "a"), say(4)]
    assert plan_window(messages, WIDE).kept_seqs == (1, 2, 3, 4)


def test_a_call_before_a_reset_leaves_its_result_an_orphan():
    policy = WindowPolicy(1_000, Strategy.RECENT, context_start=3)
    plan = plan_window([say(1), call(2, "a"), result(3, "a"), say(4)], policy)
    assert plan.kept_seqs == (4,)
