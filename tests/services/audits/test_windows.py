"""Replaying windows: no false alarm on any conversation, every promise's breach named, in order."""

import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app import encoders
from sessions_app.domain.audit.plot import plot
from sessions_app.domain.audit.tally import Tally
from sessions_app.domain.audit.windows import (
    Promise,
    StoredFacts,
    check_refusal,
    check_window,
    read_facts,
)
from sessions_app.domain.candidate import WindowMessage
from sessions_app.domain.data import Message, Role, Strategy
from sessions_app.domain.window import layout as window_layout
from sessions_app.domain.window.planning import (
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
    plan_window,
)
from sessions_app.repository.audits import pages as stored
from sessions_app.services import erasure
from sessions_app.services.audits import windows as audits
from sessions_app.services.context import fitting, writing
from sessions_app.services.topics import annotations
from tests.domain.window.builders import call, conversations, policies, result, say, turns
from tests.repository.conftest import OWNER, append, append_many, new_session, now


def as_stored(message: WindowMessage) -> Message:
    return Message(
        id=f"msg_{message.seq}",
        seq=message.seq,
        role=Role(message.role),
        content=message.content,
        timestamp=datetime(2026, 1, 1, tzinfo=UTC),
        token_count=0 if message.deleted else message.token_count,
        deleted=message.deleted,
    )


def facts_of(offered: list[WindowMessage], policy: WindowPolicy) -> StoredFacts:
    return read_facts(map(as_stored, offered), len, context_start=policy.context_start)


def breaches(offered: list[WindowMessage], policy: WindowPolicy, plan: WindowPlan) -> Any:
    breaches = check_window(facts_of(offered, policy), policy, offered, plan, plan.kept_seqs)
    return {(breach.promise, breach.seq) for breach in breaches}


def keeping(plan: WindowPlan, *seqs: int) -> WindowPlan:
    """The plan, keeping just these, its sum put right."""
    messages = tuple(message._replace(kept=message.seq in seqs) for message in plan.messages)
    return replace(
        plan, messages=messages, token_count=sum(m.token_count + 4 for m in messages if m.kept)
    )


@given(conversations(), policies())
def test_no_plan_of_any_conversation_raises_a_false_alarm(
    offered: list[WindowMessage], policy: WindowPolicy
) -> None:
    offered = [replace(message, seq=seq) for seq, message in enumerate(offered, 1)]
    try:
        plan = plan_window(offered, policy)
    except WindowBudgetError:
        assert check_refusal(facts_of(offered, policy), policy) == []
    else:
        assert breaches(offered, policy, plan) == set()


TALK = [say(1, "system"), *turns(2, start=2), call(4, "a", "b"), result(5, "a"), result(6, "b"),
        *turns(2, start=7), say(9)]  # fmt: skip
EVERY = tuple(range(1, 10))


@given(st.sets(st.sampled_from(EVERY)))
def test_a_window_is_sound_only_with_all_of_a_call_or_nothing_of_it(kept: set[int]) -> None:
    policy = WindowPolicy(1_000)
    plan = keeping(plan_window(TALK, policy), *(kept | {1, 9}))
    split = Promise.TOOL_PAIR in {promise for promise, _ in breaches(TALK, policy, plan)}
    assert split == (len(kept & {4, 5, 6}) in {1, 2})


def test_a_call_that_waits_for_its_last_result_is_no_split_pair() -> None:
    offered, policy = TALK[:5], WindowPolicy(1_000)
    assert breaches(offered, policy, plan_window(offered, policy)) == set()
    without_the_result = keeping(plan_window(offered, policy), 1, 2, 3, 4)
    assert breaches(offered, policy, without_the_result) == {(Promise.TOOL_PAIR, 4)}


def test_a_result_belongs_to_the_newest_call_of_its_id() -> None:
    offered = [say(1), call(2, "a"), result(3, "a"), call(4, "a"), result(5, "a"), say(6)]
    plan = keeping(plan_window(offered, WindowPolicy(1_000)), 1, 2, 3, 5, 6)
    assert breaches(offered, WindowPolicy(1_000), plan) == {(Promise.TOOL_PAIR, 5)}


def test_each_limit_is_checked_against_the_candidates_and_not_the_plans_own_sum() -> None:
    plan = plan_window(TALK, WindowPolicy(1_000))
    assert breaches(TALK, WindowPolicy(100), plan) == {(Promise.BUDGET, 1)}
    assert breaches(TALK, WindowPolicy(1_000, max_messages=7), plan) == {(Promise.MAX_MESSAGES, 1)}
    wrong = replace(plan, token_count=5)
    assert breaches(TALK, WindowPolicy(1_000), wrong) == {(Promise.WINDOW_COUNT, 1)}


def test_what_must_not_be_shown_is_found() -> None:
    erased = [*TALK[:2], replace(TALK[2], deleted=True), *TALK[3:]]
    plan = keeping(plan_window(TALK, WindowPolicy(1_000)), *EVERY)
    assert breaches(erased, WindowPolicy(1_000), plan) == {(Promise.HIDDEN, 3)}
    after_a_reset = breaches(TALK, WindowPolicy(1_000, context_start=4), plan)
    assert after_a_reset == {(Promise.HIDDEN, 2), (Promise.HIDDEN, 3)}


def test_a_candidate_without_a_reason_is_found() -> None:
    plan = plan_window(TALK, WindowPolicy(1_000))
    fewer = replace(plan, messages=plan.messages[:1] + plan.messages[2:], token_count=8 * 14)
    assert breaches(TALK, WindowPolicy(1_000), fewer) == {(Promise.REASON, 2)}


def test_a_refusal_where_all_fits_is_found() -> None:
    facts = facts_of(TALK, WindowPolicy(1_000))
    (breach,) = check_refusal(facts, WindowPolicy(64))
    assert (breach.promise, breach.seq) == (Promise.REFUSAL, 9)


def audit(**options: Any) -> list[Any]:
    everything: dict[str, Any] = dict.fromkeys(
        ("user_id", "max_tokens", "strategy", "since", "limit")
    )
    return list(audits.context_audit(**everything | {"progress": lambda _: None} | options))


@pytest.fixture
def no_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda: None)


def test_sessions_come_in_order_of_their_ids_page_by_page(
    database: Any, no_encoder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "PAGE", 2)
    ids = sorted(new_session().session_id for _ in range(5))
    for user_id in (None, OWNER):
        assert [audited.session_id for audited in audit(user_id=user_id)] == ids


def test_it_reads_no_further_than_it_is_asked(
    database: Any, no_encoder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_session()
    new_session()
    read = audits.log.read_all
    streamed: list[str] = []
    monkeypatch.setattr(
        audits.log,
        "read_all",
        lambda **which: streamed.append(which["session_id"]) or read(**which),
    )
    next(iter(audits.context_audit(
        user_id=None, max_tokens=None, strategy=None, since=None, limit=None, progress=print
    )))  # fmt: skip
    assert len(streamed) == 1


def test_a_session_that_is_deleted_meanwhile_is_passed_over(
    database: Any, no_encoder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    new_session()
    page = stored.page

    def then_deleted(**which: Any) -> Any:
        listed = page(**which)
        database.sessions.delete_many({})
        return listed

    monkeypatch.setattr(stored, "page", then_deleted)
    assert audit() == []


def test_what_looks_broken_only_once_does_not_count(
    database: Any, no_encoder: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    append(new_session().session_id, "hello")
    counts = iter([99, 1])
    monkeypatch.setattr(audits.tokenizer, "count_tokens", lambda _: next(counts))
    (audited,) = audit()
    assert audited.breaches == []


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_vectors_that_are_there_are_used_and_none_are_made(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.services.topics.test_annotations import FakeEncoder

    encoder = FakeEncoder()
    monkeypatch.setattr(encoders, "load_encoder", lambda: encoder)
    first, second = new_session().session_id, new_session().session_id
    for session_id in (first, second):
        append_many(session_id, [f"message number {n}" for n in range(60)])
    annotations.catch_up(session_id=first, user_id=OWNER, seconds=60)
    encoder.encoded.clear()
    by_id = {audited.session_id: audited for audited in audit(max_tokens=200)}
    assert by_id[first].plans[Strategy.HYBRID].ranking == "lexical+dense"
    assert by_id[second].plans[Strategy.HYBRID].ranking == "lexical"
    assert (by_id[first].has_vectors, by_id[second].has_vectors) == (True, False)
    assert encoder.encoded == ["message number 59"] * 2  # the queries


@pytest.mark.mongod("mongomock answers otherwise")
def test_a_window_after_a_reset_and_an_erasure_is_sound(database: Any, no_encoder: None) -> None:
    session_id = new_session().session_id
    append_many(session_id, [f"message number {n}" for n in range(300)])
    database.sessions.update_one({"_id": session_id}, {"$set": {"context_start": 250}})
    erasure.message_delete(session_id=session_id, user_id=OWNER, seq=280, now=now())
    for max_tokens in (64, 300, 4_000):
        (audited,) = audit(max_tokens=max_tokens)
        assert audited.breaches == []


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_window_with_a_quotation_is_sound(
    database: Any, no_encoder: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.CONTEXT_LAYOUT = "stable_prefix"
    append_many(new_session().session_id, [f"message number {n % 9}" for n in range(120)])
    assert [audit(max_tokens=limit)[0].breaches for limit in (64, 150, 900)] == [[], [], []]
    with monkeypatch.context() as patched:
        patched.setattr(window_layout, "HEADING", "much too long " * 100)
        patched.setattr(fitting, "_QUOTATIONS", 1)
        (audited,) = audit(max_tokens=900)
        assert audited.breaches == []
    # Neighbours are joined, so that what is sent is counted anew.
    settings.LLM_DIALECT = "strict"
    monkeypatch.setattr(writing, "cost", lambda *_: 1)
    (audited,) = audit(max_tokens=900, strategy=Strategy.HYBRID)
    assert {breach.promise for breach in audited.breaches} == {Promise.WINDOW_COUNT}


@pytest.mark.mongod("mongomock answers otherwise")
def test_a_long_session_is_audited_from_the_candidates_of_production(
    database: Any, no_encoder: None
) -> None:
    append_many(new_session().session_id, [f"message number {n}" for n in range(1_800)])
    started = time.monotonic()
    (audited,) = audit(max_tokens=500)
    assert time.monotonic() - started < 10
    tally = Tally()
    tally.add(audited)
    assert tally.as_json()["trimmed"]["reasons"]["not_a_candidate"]["messages"] > 0
    assert audited.breaches == []


def test_the_plot_of_nothing_is_a_plot() -> None:
    assert plot(Tally().as_json()).count("nothing stored") == 2 * len(Strategy)
