"""Recalled messages behind what stays: a prefix that a provider's cache sees again and again."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings

from sessions_app.domain.data import Message, Role
from sessions_app.domain.window.layout import HEADING, quotation_cost, recall
from sessions_app.domain.window.planning import (
    Layout,
    Reason,
    Strategy,
    WindowBudgetError,
    WindowPolicy,
    plan_window,
)
from tests.domain.window.builders import conversations, policies, say, turns

TURNS = 200


def plan(messages, budget, strategy=Strategy.HYBRID, layout=Layout.STABLE_PREFIX):
    return plan_window(messages, WindowPolicy(budget, strategy, layout=layout))


def chat(count):
    """A conversation in which every message shares a word with some others."""
    return [
        say(seq, ("assistant", "user")[seq % 2], 40, f"word{seq % 7} word{seq % 11} word{seq % 23}")
        for seq in range(1, count + 1)
    ]


def stays(window):
    """What is sent in front of the quotation."""
    changing = {Reason.RELEVANT, Reason.NEWEST_USER}
    return [m.seq for m in window.messages if m.kept and m.reason not in changing]


def words(text):
    return len(text.split())


def stored(message, **more):
    return Message(
        id=f"msg_{message.seq}",
        seq=message.seq,
        role=Role(message.role),
        content=message.content,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        token_count=message.token_count,
        **more,
    )


def talk():
    return [
        say(1, "user", 30, "The guitar is in Spain"),
        say(2, "assistant", 30, "Noted: the guitar is in Spain."),
        *turns(40, 30, start=3),
        say(43, "user", 30, "Where is the guitar?"),
    ]


@pytest.mark.parametrize("strategy", [Strategy.RELEVANT, Strategy.HYBRID])
@pytest.mark.parametrize(("budget", "least"), [(1_000, 0.7), (2_000, 0.8), (4_000, 0.8)])
def test_what_stays_is_in_front_of_what_changes(strategy, budget, least):
    messages = chat(2 * TURNS)
    windows = [stays(plan(messages[: 2 * turn + 1], budget, strategy)) for turn in range(TURNS)]
    same = [later[: len(now)] == now for now, later in pairwise(windows)]
    assert sum(same) / len(same) >= least


def test_the_newest_messages_take_no_more_than_their_bound():
    for turn in range(60, TURNS):
        window = plan(chat(2 * turn + 1), 2_000)
        spent = sum(m.token_count + 4 for m in window.messages if m.reason is Reason.RECENT)
        assert 0.2 * 2_000 <= spent <= 0.6 * 2_000


def test_a_quotation_says_who_said_what_in_order():
    messages = talk()
    window = plan(messages, 400)
    recalled = recall(window, [stored(message) for message in messages], words)
    assert recalled.content.splitlines()[:3] == [
        HEADING,
        "user: The guitar is in Spain",
        "assistant: Noted: the guitar is in Spain.",
    ]
    assert recalled.token_count == words(recalled.content)
    assert list(recalled.seqs) == [m.seq for m in window.messages if m.reason is Reason.RELEVANT]


def test_a_quotation_names_speakers_and_calls():
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"at": 1}'}}
    messages = talk()
    window = plan(messages, 400)
    messages_stored = [stored(message) for message in messages]
    messages_stored[0] = messages_stored[0]._replace(name="Ann")
    messages_stored[1] = messages_stored[1]._replace(tool_calls=[call])
    lines = recall(window, messages_stored, words).content.splitlines()
    assert lines[1].startswith("Ann: ")
    assert lines[2] == 'assistant: Noted: the guitar is in Spain. [calls look({"at": 1})]'


def test_what_a_quotation_costs_more_is_exact():
    messages = talk()
    window = plan(messages, 400)
    recalled = recall(window, [stored(message) for message in messages], words)
    apart = sum(m.token_count + 4 for m in window.messages if m.seq in set(recalled.seqs))
    assert quotation_cost(window, recalled) == recalled.token_count + 4 - apart


def test_nothing_is_quoted_where_everything_fits():
    messages = talk()
    assert recall(plan(messages, 10_000), [stored(m) for m in messages], words) is None


def test_without_a_question_nothing_is_quoted():
    messages = [say(seq, "assistant", 30, f"word{seq % 7}") for seq in range(1, 40)]
    window = plan_window(
        messages,
        WindowPolicy(200, Strategy.HYBRID, layout=Layout.STABLE_PREFIX),
        query="word3",
    )
    assert Reason.RELEVANT in {m.reason for m in window.messages}
    assert recall(window, [stored(m) for m in messages], words) is None


@given(conversations(), policies())
@hypothesis_settings(deadline=None)
def test_only_what_came_before_the_question_is_quoted(messages, policy):
    try:
        window = plan_window(messages, policy, query="Where did Ann paint the lake?")
    except WindowBudgetError:
        return
    recalled = recall(window, [stored(message) for message in messages], words)
    if recalled is not None:
        newest_user = next(m.seq for m in window.messages if m.reason is Reason.NEWEST_USER)
        assert list(recalled.seqs) == sorted(recalled.seqs)
        assert max(recalled.seqs) < newest_user
        assert set(recalled.seqs) <= set(window.kept_seqs)
