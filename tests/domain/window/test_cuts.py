"""Windows that keep their beginning, so that a provider's prompt cache keeps hitting."""

from itertools import pairwise

import pytest

from sessions_app.domain.window.planning import Strategy, WindowPolicy, plan_window
from tests.domain.window.builders import turns

TURNS = 200


def windows(strategy, *, prompt=0, tokens=40, budget=4_000, topic_length=None):
    """What each of 200 turns would be sent, as it grows by two messages a turn."""
    messages = turns(2 * TURNS, tokens, start=1 + prompt)
    if topic_length:
        messages = [
            type(m)(m.seq, m.role, m.token_count, topic=m.seq // topic_length) for m in messages
        ]
    policy = WindowPolicy(budget, strategy)
    return [plan_window(messages[: 2 * turn + 1], policy) for turn in range(TURNS)]


def share_with_the_whole_prefix(plans):
    pairs = list(pairwise(plans))
    same = [later.kept_seqs[: len(now.kept_seqs)] == now.kept_seqs for now, later in pairs]
    return sum(same) / len(pairs)


@pytest.mark.parametrize("strategy", [Strategy.RECENT, Strategy.TOPIC])
@pytest.mark.parametrize("budget", [1_000, 2_000, 4_000, 8_000])
def test_four_in_five_windows_keep_their_whole_prefix(strategy, budget):
    assert share_with_the_whole_prefix(windows(strategy, budget=budget)) >= 0.8


@pytest.mark.parametrize("prompt", [0, 1])
def test_it_does_not_matter_on_which_seq_the_users_speak(prompt):
    assert share_with_the_whole_prefix(windows(Strategy.RECENT, prompt=prompt)) >= 0.8


def test_topics_make_the_steps_where_there_are_topics():
    plans = windows(Strategy.TOPIC, topic_length=20)
    assert share_with_the_whole_prefix(plans) >= 0.8


@pytest.mark.parametrize(("budget", "least"), [(1_000, 0.6), (4_000, 0.8), (8_000, 0.9)])
def test_the_price_is_a_bounded_part_of_the_room(budget, least):
    full = [plan for plan in windows(Strategy.RECENT, budget=budget) if plan.dropped_count]
    assert sum(plan.token_count for plan in full) / len(full) / budget >= least


def test_the_window_begins_with_a_user_message():
    for plan in windows(Strategy.RECENT)[60:]:
        assert next(message.role for message in plan.messages if message.kept) == "user"
