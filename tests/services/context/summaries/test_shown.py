"""The summary in the window."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from sessions_app import tokenizer
from sessions_app.domain.data import Strategy
from sessions_app.repository.sessions import summaries as stored
from tests.model_server import ModelServer
from tests.repository.conftest import OWNER, append
from tests.services.context.summaries.talks import (
    BUDGET,
    Extend,
    stored_summary,
    up_to_date,
    window,
)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_stands_behind_the_system_prompt(summarised: str, model: ModelServer):
    shown = window(summarised)
    prompt, first = shown["messages"][:2]
    last = stored_summary(summarised).last_seq
    assert prompt["role"] == "system"
    # Servers want one system message at the beginning.
    instruction, _, summary = prompt["content"].partition("\n\n")
    assert instruction == "Be brief."
    assert summary.startswith(f"Summary of messages 1-{last} of this conversation")
    assert summary.endswith(model.text)
    assert first["content"].startswith("number")
    tokens = tokenizer.count_tokens(summary)
    assert shown["summary"] == {"first_seq": 1, "last_seq": last, "token_count": tokens}


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize("name", ["CONTEXT_SUMMARY", "LLM_BASE_URL"])
def test_without_the_switch_or_a_provider_it_is_off(summarised: str, settings, name: str):
    on = window(summarised)
    setattr(settings, name, "")
    off = window(summarised)
    assert "summary" in on
    assert "summary" not in off
    assert [m["role"] for m in off["messages"]].count("system") == 1


def test_looking_at_the_window_calls_no_model(talk: str, provider, model: ModelServer):
    window(talk)
    assert model.requests == []


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_window_that_holds_everything_needs_none(summarised: str):
    assert "summary" not in window(summarised, max_tokens=100_000)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_window_too_small_for_it_goes_without(summarised: str):
    assert "summary" not in window(summarised, max_tokens=100)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_gives_way_to_the_prompt_and_the_newest_question(talk: str, extend: Extend):
    append(talk, "word " * 470)
    up_to_date(extend, talk)
    shown = window(talk)
    assert stored_summary(talk) is not None
    assert "summary" not in shown
    assert shown["messages"][-1]["content"].startswith("word")


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@given(
    max_tokens=st.integers(64, 2_500),
    strategy=st.sampled_from(Strategy),
    words=st.integers(0, 450),
    covered=st.integers(1, 61),
)
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_window_with_it_never_exceeds_the_budget(
    summarised: str, max_tokens: int, strategy: Strategy, words: int, covered: int
):
    before = stored.read(session_id=summarised, user_id=OWNER)
    other = replace(before.summary, text="tide " * words, last_seq=covered)
    assert stored.write(session_id=summarised, user_id=OWNER, summary=other, replacing=before)
    shown = window(summarised, max_tokens=max_tokens, strategy=strategy)
    spent = sum(tokenizer.count_tokens(m["content"]) + 4 for m in shown["messages"])
    assert shown["token_count"] == spent <= max_tokens == shown["max_tokens"]
    assert shown["messages"][0]["content"].startswith("Be brief.")
    assert shown["messages"][-1]["content"].startswith("number 61 ")


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_question_over_the_budget_is_cut_without_it(summarised: str):
    append(summarised, "word " * 600)
    shown = window(summarised)
    assert "summary" not in shown
    assert "characters left out" in shown["messages"][-1]["content"]
    assert shown["token_count"] <= BUDGET
