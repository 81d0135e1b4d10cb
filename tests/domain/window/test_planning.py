"""Which messages each strategy sends to the model, and what it says of the others."""

import pytest

from sessions_app.domain.candidate import Ranking
from sessions_app.domain.errors import SessionError
from sessions_app.domain.window.planning import (
    OnTopicShift,
    Reason,
    Strategy,
    WindowBudgetError,
    WindowPolicy,
    plan_window,
)
from tests.domain.window.builders import call, reasons, result, say, turns

BOTH_RANKED = [Strategy.RELEVANT, Strategy.HYBRID]


@pytest.mark.parametrize("strategy", Strategy)
def test_a_conversation_that_fits_is_kept_whole(strategy):
    plan = plan_window(turns(10), WindowPolicy(1_000, strategy))
    assert plan.dropped_count == 0
    assert plan.ranking == Ranking.NONE


def test_the_error_says_how_much_is_needed_and_how_much_there_is():
    messages = [say(1, "system", 50), say(2, "user", 20)]
    with pytest.raises(WindowBudgetError) as caught:
        plan_window(messages, WindowPolicy(64))
    assert (caught.value.needed, caught.value.available) == (78, 64)
    assert isinstance(caught.value, SessionError)


def test_prompt_and_newest_message_may_fill_the_budget_to_the_token():
    messages = [say(1, "system", 36), say(2, "assistant", 5), say(3, "user", 20)]
    plan = plan_window(messages, WindowPolicy(64))
    assert (plan.kept_seqs, plan.token_count) == ((1, 3), 64)


def test_a_system_message_in_mid_conversation_is_an_ordinary_one():
    messages = [say(1, "system"), *turns(40, start=2), say(42, "system"), *turns(40, start=43)]
    plan = plan_window(messages, WindowPolicy(200, Strategy.RECENT))
    assert reasons(plan)[1] == Reason.SYSTEM_PROMPT
    assert reasons(plan)[42] == Reason.OVER_BUDGET


def test_recent_keeps_an_unbroken_run_of_the_newest():
    plan = plan_window(turns(100), WindowPolicy(500, Strategy.RECENT))
    seqs = plan.kept_seqs
    assert seqs == tuple(range(seqs[0], 101))
    assert set(reasons(plan).values()) == {
        Reason.OVER_BUDGET,
        Reason.STABLE_CUT,
        Reason.RECENT,
        Reason.NEWEST_USER,
    }


def test_the_newest_user_message_is_in_though_longer_replies_follow():
    messages = [say(1, "user", 10), say(2, "assistant", 100), say(3, "assistant", 30)]
    plan = plan_window(messages, WindowPolicy(64, Strategy.RECENT))
    assert plan.kept_seqs == (1, 3)
    assert reasons(plan)[2] == Reason.OVER_BUDGET


@pytest.mark.parametrize("strategy", Strategy)
def test_a_message_larger_than_the_budget_does_not_empty_the_window(strategy):
    messages = [*turns(20), say(21, "assistant", 5_000), say(22, "user")]
    plan = plan_window(messages, WindowPolicy(300, strategy))
    assert plan.kept_count > 10


def test_a_reset_hides_what_came_before_but_for_the_system_prompt():
    messages = [say(1, "system"), *turns(6, start=2)]
    plan = plan_window(messages, WindowPolicy(1_000, context_start=6))
    assert plan.kept_seqs == (1, 6, 7)
    assert reasons(plan)[5] == Reason.BEFORE_RESET


def test_a_reset_after_the_newest_message_leaves_the_prompt_alone():
    plan = plan_window([say(1, "system"), say(2)], WindowPolicy(64, context_start=3))
    assert plan.kept_seqs == (1,)


def test_a_deleted_message_is_named_and_left_out():
    plan = plan_window([say(1, deleted=True), say(2)], WindowPolicy(64))
    assert reasons(plan) == {1: Reason.DELETED, 2: Reason.NEWEST_USER}


def test_topic_begins_with_a_whole_topic_where_one_fits():
    messages = turns(30, topic=1) + turns(20, start=31, topic=2) + turns(10, start=51, topic=3)
    plan = plan_window(messages, WindowPolicy(500, Strategy.TOPIC))
    assert plan.kept_seqs == tuple(range(31, 61))
    assert reasons(plan)[52] == Reason.CURRENT_TOPIC
    assert reasons(plan)[40] == Reason.RECENT


def test_a_topic_shift_may_reset_the_window():
    messages = turns(6, topic=1) + turns(3, start=7, topic=2)
    policy = WindowPolicy(1_000, on_topic_shift=OnTopicShift.RESET)
    plan = plan_window(messages, policy)
    assert plan.kept_seqs == (7, 8, 9)
    assert reasons(plan)[6] == Reason.PREVIOUS_TOPIC


def test_a_reset_on_topic_shift_keeps_the_newest_user_message_of_the_topic_before():
    messages = [say(1, topic=1), say(2, topic=1), say(3, "assistant", topic=2)]
    plan = plan_window(messages, WindowPolicy(64, on_topic_shift=OnTopicShift.RESET))
    assert plan.kept_seqs == (2, 3)


def test_a_reset_parts_no_call_from_a_result_that_came_after_it():
    messages = [
        say(1, "user", topic=0),
        call(2, "c1", topic=0),
        say(3, "user", topic=0),
        result(4, "c1", topic=1),
    ]
    plan = plan_window(messages, WindowPolicy(1_000, on_topic_shift=OnTopicShift.RESET))
    assert plan.kept_seqs == (2, 3, 4)
    assert reasons(plan)[1] == Reason.PREVIOUS_TOPIC


@pytest.mark.parametrize("strategy", BOTH_RANKED)
def test_an_old_answer_is_kept_for_the_query(strategy):
    messages = turns(200)
    messages[20] = say(21, "user", 10, "My violin is from Cremona.")
    plan = plan_window(messages, WindowPolicy(300, strategy), query="Where is the violin from?")
    assert reasons(plan)[21] == Reason.RELEVANT
    assert reasons(plan)[90] == Reason.LESS_RELEVANT
    assert plan.ranking == Ranking.LEXICAL


@pytest.mark.parametrize("strategy", BOTH_RANKED)
def test_without_a_query_the_newest_user_message_asks(strategy):
    messages = turns(201)
    messages[20] = say(21, "user", 10, "My violin is from Cremona.")
    messages[200] = say(201, "user", 10, "Where is my violin from?")
    assert 21 in plan_window(messages, WindowPolicy(300, strategy)).kept_seqs


@pytest.mark.parametrize("strategy", BOTH_RANKED)
def test_a_quarter_of_the_budget_stays_with_the_newest(strategy):
    messages = [say(at, "user", 10, "violin " * 9) for at in range(1, 100)]
    messages += turns(100, start=100)
    plan = plan_window(messages, WindowPolicy(560, strategy), query="violin")
    newest = [seq for seq in plan.kept_seqs if seq > 199 - 10]
    assert len(newest) * 14 >= 560 / 4


def test_with_nothing_to_rank_by_the_newest_are_kept():
    plan = plan_window(turns(50), WindowPolicy(140, Strategy.HYBRID), query="the of")
    assert plan.kept_seqs == tuple(range(41, 51))
    assert plan.ranking == Ranking.NONE


def test_a_limit_on_messages_leaves_room_for_relevant_ones():
    messages = turns(100)
    messages[10] = say(11, "user", 10, "My violin is from Cremona.")
    policy = WindowPolicy(4_000, Strategy.HYBRID, max_messages=8)
    plan = plan_window(messages, policy, query="violin")
    assert 11 in plan.kept_seqs
    assert plan.kept_count == 8
    assert reasons(plan)[40] == Reason.OVER_MAX_MESSAGES


def test_hybrid_prefers_the_current_topic_among_equals():
    messages = turns(40, topic=1) + turns(60, start=41, topic=2)
    messages[4] = say(5, "user", 10, "violin", topic=1)
    messages[44] = say(45, "user", 10, "violin", topic=2)
    room = WindowPolicy(42, Strategy.HYBRID)
    assert plan_window(messages, room, query="violin").kept_seqs == (45, 99, 100)
