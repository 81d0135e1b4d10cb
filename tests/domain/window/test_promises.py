"""What every window keeps to, whatever the conversation, the policy and the query."""

from contextlib import suppress

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sessions_app.domain.texts.tokens import total_window_cost
from sessions_app.domain.window.planning import (
    Strategy,
    WindowBudgetError,
    WindowPolicy,
    plan_window,
)
from tests.domain.window.builders import conversations, policies

queries = st.none() | st.sampled_from(["", "Where did Ann paint the lake?", "the of"])


def planned(messages, policy, query):
    try:
        return plan_window(messages, policy, query=query)
    except WindowBudgetError:
        assume(False)


def kept_messages(messages, plan):
    seqs = set(plan.kept_seqs)
    return [message for message in messages if message.seq in seqs]


def prompts(messages):
    run = []
    for seq, message in enumerate(messages, start=1):
        if message.seq != seq or not (message.role == "system" or message.deleted):
            break
        run.append(message)
    return [message for message in run if not message.deleted]


@given(conversations(), policies(), queries)
@settings(max_examples=3 * settings.default.max_examples)
def test_it_never_exceeds_the_budget(messages, policy, query):
    plan = planned(messages, policy, query)
    cost = total_window_cost(m.token_count for m in kept_messages(messages, plan))
    assert plan.token_count == cost <= policy.max_tokens


@given(conversations(), policies(), queries)
@settings(deadline=None)
def test_it_names_every_candidate_once_in_conversation_order(messages, policy, query):
    plan = planned(list(reversed(messages)), policy, query)
    assert [message.seq for message in plan.messages] == [message.seq for message in messages]
    assert plan.kept_count + plan.dropped_count == len(messages)


@given(conversations(), policies(), queries)
@settings(deadline=None)
def test_the_system_prompt_and_the_newest_user_message_are_in(messages, policy, query):
    plan = planned(messages, policy, query)
    visible = [m for m in messages if m.seq >= policy.context_start and not m.deleted]
    newest = [message.seq for message in visible if message.role == "user"][-1:]
    assert {m.seq for m in prompts(messages)} | set(newest) <= set(plan.kept_seqs)


@given(conversations(), policies(), queries)
@settings(deadline=None)
def test_it_refuses_only_what_cannot_fit(messages, policy, query):
    with suppress(WindowBudgetError):
        plan_window(messages, policy, query=query)
        return
    with pytest.raises(WindowBudgetError) as caught:
        plan_window(messages, policy, query=query)
    assert caught.value.needed > caught.value.available == policy.max_tokens


@given(conversations(), policies(), queries)
@settings(max_examples=3 * settings.default.max_examples)
def test_a_call_and_its_results_are_never_parted(messages, policy, query):
    window = kept_messages(messages, planned(messages, policy, query))
    answers = {message.tool_call_id for message in window if message.role == "tool"}
    calls = {id_ for message in window for id_ in message.tool_call_ids}
    assert answers <= calls
    waiting = calls - answers
    tail = [message for message in messages if not message.deleted]
    while tail and tail[-1].role == "tool":
        tail.pop()
    assert waiting <= set(tail[-1].tool_call_ids if tail else ())


@given(conversations(), policies(), queries)
@settings(deadline=None)
def test_no_window_opens_with_an_orphaned_result(messages, policy, query):
    window = kept_messages(messages, planned(messages, policy, query))
    after_prompts = window[len(prompts(messages)) :]
    assert not after_prompts or after_prompts[0].role != "tool"


@given(conversations(), policies(), queries)
@settings(deadline=None)
def test_the_number_of_messages_is_honoured(messages, policy, query):
    plan = planned(messages, policy, query)
    if policy.max_messages is not None:
        assert plan.kept_count - len(prompts(messages)) <= policy.max_messages


@given(conversations(), policies(), queries)
@settings(deadline=None)
def test_nothing_deleted_or_reset_is_shown(messages, policy, query):
    window = kept_messages(messages, planned(messages, policy, query))
    assert not any(message.deleted for message in window)
    shown_before = {m.seq for m in window if m.seq < policy.context_start}
    assert shown_before <= {m.seq for m in prompts(messages)}


@given(conversations(), policies(), queries)
@settings(deadline=None)
def test_the_same_input_gives_the_same_plan(messages, policy, query):
    assert planned(messages, policy, query) == planned(messages, policy, query)


@pytest.mark.parametrize("strategy", Strategy)
def test_no_messages_give_an_empty_plan(strategy):
    plan = plan_window([], WindowPolicy(64, strategy), query="anything")
    assert (plan.messages, plan.token_count) == ((), 0)
