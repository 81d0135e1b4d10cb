"""Rolling summaries, made by a real HTTP server: what they cover, cost, survive and give way to."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from sessions_app import encoders, tokenizer
from sessions_app.api import wire
from sessions_app.domain.data import OnTopicShift, Role, Strategy
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import (
    ProviderError,
    ProviderTimeout,
    SessionArchived,
    SessionNotFound,
)
from sessions_app.domain.summaries import EXTENSION_TOKENS
from sessions_app.domain.window import WindowBudgetError
from sessions_app.providers import openai_compatible
from sessions_app.providers.openai_compatible import OpenAICompatible
from sessions_app.repository import pages
from sessions_app.repository import summaries as stored
from sessions_app.services import context, messages, sessions, summaries
from sessions_app.services.summaries import Outcome
from tests.providers import model_server
from tests.providers.model_server import ModelServer
from tests.repository.conftest import OWNER, append, append_many, new_session, now, read_all

BUDGET = 512
POLICY = {"max_tokens": BUDGET, "strategy": Strategy.RECENT}
# 17 tokens with its number, 21 in a window.
SENTENCE = "number {} says that the boats leave from the old harbour at seven, weather permitting"


@pytest.fixture(autouse=True)
def without_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoders, "load_encoder", lambda: None)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server.serving() as server:
        yield server


@pytest.fixture
def provider(
    model: ModelServer, settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenAICompatible]:
    """Summaries are on, and this makes them."""
    settings.CONTEXT_SUMMARY, settings.LLM_BASE_URL = True, model.base_url
    monkeypatch.setattr(openai_compatible, "RETRY_WAITS_SECONDS", ())
    made = OpenAICompatible(base_url=model.base_url, api_key="", model="gulf", timeout_seconds=0.5)
    yield made
    made.close()


Extend = Callable[..., summaries.Extended]


@pytest.fixture
def extend(provider: OpenAICompatible) -> Extend:
    def extend_summary(session_id: str, user_id: str = OWNER, provider=provider):
        return summaries.summary_extend(
            session_id=session_id, user_id=user_id, provider=provider, now=now()
        )

    return extend_summary


@pytest.fixture
def talk(database) -> str:
    """The id of a session of a system prompt and 60 messages, some 1,300 tokens in a window."""
    return make_talk(60)


@pytest.fixture
def summarised(talk: str, extend: Extend) -> str:
    """A session whose summary is up to date."""
    up_to_date(extend, talk)
    return talk


def make_talk(length: int, **policy) -> str:
    session = new_session(system_prompt="Be brief.", policy=POLICY | policy)
    go_on(session.session_id, 2, length)
    return session.session_id


def go_on(session_id: str, first: int, length: int) -> None:
    append_many(session_id, [SENTENCE.format(n) for n in range(first, first + length)])


def up_to_date(extend: Extend, session_id: str) -> list[summaries.Extended]:
    done = []
    while (last := extend(session_id)).outcome is Outcome.EXTENDED:
        done.append(last)
    return done


def held(session_id: str):
    return stored.read(session_id=session_id, user_id=OWNER).summary


def window(session_id: str, **query):
    query = {"max_tokens": None, "strategy": None, "query": None} | query
    return wire.context(
        context.context_plan(session_id=session_id, user_id=OWNER, now=now(), **query)
    )


def delete(session_id: str, seq: int) -> None:
    messages.message_delete(session_id=session_id, user_id=OWNER, seq=seq, now=now())


def reset(session_id: str, *, undo: bool = False) -> None:
    context.context_reset(session_id=session_id, user_id=OWNER, undo=undo, now=now())


def asked(request: dict) -> str:
    return request["messages"][1]["content"]


def numbers(request: dict) -> list[int]:
    """The `seq` of the messages that a model was asked to summarise."""
    lines = asked(request).partition("Messages:\n")[2].splitlines()
    return [int(line[1:].partition("]")[0]) for line in lines]


# --- what is made ------------------------------------------------------------------------------


def test_it_is_keyed_to_the_messages_it_was_made_of(talk: str, extend: Extend, model: ModelServer):
    summary = extend(talk).summary
    assert summary == held(talk)
    assert (summary.first_seq, summary.text) == (1, model.text)
    assert (summary.model, summary.token_count) == ("gulf-1", tokenizer.count_tokens(model.text))
    assert numbers(model.requests[0]) == list(range(2, summary.last_seq + 1))


def test_it_is_extended_from_where_it_ends(talk: str, extend: Extend, model: ModelServer):
    go_on(talk, 62, 100)
    first = extend(talk).summary
    model.text = "Then they talked about the tide."
    second = extend(talk).summary
    assert numbers(model.requests[1]) == list(range(first.last_seq + 1, second.last_seq + 1))
    assert first.text in asked(model.requests[1])
    assert (second.first_seq, second.text) == (1, model.text)


def test_it_reaches_up_to_the_newest_messages(talk: str, extend: Extend, model: ModelServer):
    up_to_date(extend, talk)
    # A quarter of what the prompt leaves stays in the window: of 505 tokens, six messages.
    assert held(talk).last_seq == 61 - 6
    assert extend(talk).outcome is Outcome.NOT_DUE


def test_every_message_is_summarised_once(talk: str, extend: Extend, model: ModelServer):
    go_on(talk, 62, 300)
    up_to_date(extend, talk)
    told = [seq for request in model.requests for seq in numbers(request)]
    assert told == list(range(2, held(talk).last_seq + 1))


def test_a_call_waits_until_it_is_worth_it(summarised: str, extend: Extend, model: ModelServer):
    calls = len(model.requests)
    for n in range(62, 62 + 12):
        append(summarised, SENTENCE.format(n))
        extend(summarised)
    # An eighth of the budget, 64 tokens, is three of these messages with their labels.
    assert len(model.requests) - calls == 4


def test_a_call_costs_the_same_in_a_session_of_any_length(
    database, extend: Extend, model: ModelServer
):
    model.text = SENTENCE.format(0) * 2
    for length in (200, 3_000):
        session_id = make_talk(length)
        for _ in range(3):
            extend(session_id)
    sizes = [
        sum(tokenizer.count_tokens(m["content"]) for m in r["messages"]) for r in model.requests
    ]
    assert max(sizes) < EXTENSION_TOKENS + 400
    assert max(sizes[3:]) - max(sizes[:3]) < 50
    assert {request["max_tokens"] for request in model.requests} == {BUDGET // 8}


def test_a_conversation_that_fits_costs_nothing(database, extend: Extend, model: ModelServer):
    session_id = make_talk(16)
    assert extend(session_id).outcome is Outcome.NOT_DUE
    assert model.requests == []


def test_a_budget_too_small_for_one_has_none(database, extend: Extend, model: ModelServer):
    assert extend(make_talk(60, max_tokens=383)).outcome is Outcome.NOT_DUE
    assert extend(make_talk(60, max_tokens=384)).outcome is Outcome.EXTENDED


def test_a_limit_of_messages_drops_and_summarises_too(database, extend: Extend):
    session_id = make_talk(60, max_tokens=100_000, max_messages=8)
    assert extend(session_id).summary.last_seq == 61 - 2


def test_the_newest_question_is_left_out_however_long(talk: str, extend: Extend):
    append(talk, "What does this say? " + "word " * 300)
    for n in range(10):
        draft = MessageDraft(role=Role.ASSISTANT, content=SENTENCE.format(n))
        messages.message_append(session_id=talk, user_id=OWNER, draft=draft, now=now())
    up_to_date(extend, talk)
    assert held(talk).last_seq == 61


def test_a_tombstone_is_not_summarised(talk: str, extend: Extend, model: ModelServer):
    delete(talk, 3)
    extend(talk)
    assert 3 not in numbers(model.requests[0])
    assert held(talk).first_seq == 1


def test_nothing_but_tombstones_costs_nothing(database, extend: Extend, model: ModelServer):
    session_id = make_talk(300)
    for seq in range(2, 258):
        delete(session_id, seq)
    assert extend(session_id).summary.last_seq == 256
    assert (model.requests, held(session_id).text) == ([], "")
    assert "summary" not in window(session_id)


def test_a_long_message_is_told_by_its_two_ends(talk: str, extend: Extend, model: ModelServer):
    session = new_session(policy=POLICY)
    append(session.session_id, "It begins. " + "word " * 5_000 + "It ends.")
    go_on(session.session_id, 2, 30)
    extend(session.session_id)
    first = asked(model.requests[0]).splitlines()[4]
    assert first.startswith("[1] user: It begins.")
    assert first.endswith("It ends.")
    assert tokenizer.count_tokens(first) < 520


def test_tool_calls_are_told(database, extend: Extend, model: ModelServer):
    call = {"id": "c1", "type": "function", "function": {"name": "tides", "arguments": "{}"}}
    history = [MessageDraft(role=Role.ASSISTANT, content="", tool_calls=[call])]
    session_id = new_session(policy=POLICY, history=history).session_id
    go_on(session_id, 2, 30)
    extend(session_id)
    assert '[1] assistant: calls [{"id":"c1"' in asked(model.requests[0])


def test_an_answer_that_is_too_long_is_cut_after_a_sentence(
    talk: str, extend: Extend, model: ModelServer
):
    model.text = "The boats leave at seven. " * 40
    summary = extend(talk).summary
    assert summary.text.endswith("at seven.")
    assert BUDGET // 16 < summary.token_count <= BUDGET // 8


def test_what_cannot_be_stored_is_taken_out(talk: str, extend: Extend, model: ModelServer):
    model.text = "\x00The \ud800sea.\x07"
    assert extend(talk).summary.text == "The sea."


def test_the_messages_and_the_version_stay_as_they_are(talk: str, extend: Extend):
    before = read_all(talk), pages.header(session_id=talk, user_id=OWNER)
    up_to_date(extend, talk)
    assert (read_all(talk), pages.header(session_id=talk, user_id=OWNER)) == before


def test_a_stranger_makes_none(talk: str, extend: Extend):
    with pytest.raises(SessionNotFound):
        extend(talk, user_id="somebody")


def test_an_archived_session_is_left_alone(talk: str, extend: Extend, model: ModelServer):
    sessions.session_archive(session_id=talk, user_id=OWNER, now=now())
    with pytest.raises(SessionArchived):
        extend(talk)
    assert model.requests == []


# --- what goes wrong ---------------------------------------------------------------------------


class Meanwhile:
    """A provider that does something else before it answers."""

    def __init__(self, provider, act: Callable[[], object]) -> None:
        self.provider, self.act = provider, act

    def complete(self, *asked, **how):
        self.act()
        return self.provider.complete(*asked, **how)


def test_of_two_workers_one_wins(talk: str, extend: Extend, provider, model: ModelServer):
    model.answers = [model_server.says("The first."), model_server.says("The second.")]
    late = extend(talk, provider=Meanwhile(provider, lambda: extend(talk)))
    assert (late.outcome, late.summary) == (Outcome.OVERTAKEN, None)
    assert late.completion.text == "The second."
    assert held(talk).text == "The first."


@pytest.mark.parametrize("length", [60, 200], ids=["tail", "bucket"])
def test_a_message_erased_meanwhile_discards_it(database, extend: Extend, provider, length: int):
    talk = make_talk(length)
    late = extend(talk, provider=Meanwhile(provider, lambda: delete(talk, 5)))
    assert late.outcome is Outcome.OVERTAKEN
    assert held(talk) is None


def test_messages_that_come_meanwhile_do_not_matter(talk: str, extend: Extend, provider):
    done = extend(talk, provider=Meanwhile(provider, lambda: go_on(talk, 62, 200)))
    assert done.outcome is Outcome.EXTENDED


def test_a_session_deleted_meanwhile_is_not_brought_back(talk: str, extend: Extend, provider):
    def remove() -> None:
        sessions.session_delete(session_id=talk, user_id=OWNER)

    assert extend(talk, provider=Meanwhile(provider, remove)).outcome is Outcome.OVERTAKEN
    with pytest.raises(SessionNotFound):
        pages.header(session_id=talk, user_id=OWNER)


@pytest.mark.parametrize(
    "answer",
    [model_server.fails(500), model_server.fails(429), model_server.says(""),
     model_server.says("\x00"), model_server.sends(b"<html>"), model_server.breaks_off],
    ids=["500", "429", "empty", "unstorable", "rubbish", "cut"],
)  # fmt: skip
def test_a_failure_leaves_everything_as_it_was(
    database, summarised: str, extend: Extend, model: ModelServer, answer
):
    go_on(summarised, 62, 20)
    before = list(database.sessions.find())
    model.answers = [answer]
    with pytest.raises(ProviderError):
        extend(summarised)
    assert list(database.sessions.find()) == before


def test_a_server_that_hangs_is_a_timeout(talk: str, extend: Extend, model: ModelServer):
    model.answers = [model.hang]
    with pytest.raises(ProviderTimeout):
        extend(talk)
    assert held(talk) is None
    assert extend(talk).outcome is Outcome.EXTENDED


# --- what makes it void ------------------------------------------------------------------------


@pytest.mark.parametrize("length", [60, 200], ids=["tail", "bucket"])
def test_erasing_a_message_that_it_covers_drops_it(database, extend: Extend, length: int):
    talk = make_talk(length)
    up_to_date(extend, talk)
    delete(talk, 5)
    assert held(talk) is None
    assert "summary" not in database.sessions.find_one()


def test_it_is_made_again_of_what_is_left(summarised: str, extend: Extend, model: ModelServer):
    delete(summarised, 5)
    model.requests.clear()
    up_to_date(extend, summarised)
    assert numbers(model.requests[0])[:4] == [2, 3, 4, 6]
    assert "(nothing yet)" in asked(model.requests[0])


def test_erasing_a_later_message_keeps_it(summarised: str, extend: Extend):
    summary = held(summarised)
    delete(summarised, summary.last_seq + 1)
    assert held(summarised) == summary
    go_on(summarised, 62, 20)
    assert extend(summarised).outcome is Outcome.EXTENDED


def test_a_fork_takes_it_along_when_it_has_all_of_it(summarised: str):
    summary = held(summarised)
    for up_to, carried in ((summary.last_seq, summary), (summary.last_seq - 1, None)):
        fork = sessions.session_fork(
            session_id=summarised, user_id=OWNER, up_to_seq=up_to, title=None, now=now()
        )
        assert held(fork.session_id) == carried


def test_a_reset_hides_it_and_undoing_that_shows_it(summarised: str):
    shown = window(summarised)["summary"]
    reset(summarised)
    assert "summary" not in window(summarised)
    reset(summarised, undo=True)
    assert window(summarised)["summary"] == shown


def test_after_a_reset_it_begins_there(summarised: str, extend: Extend, model: ModelServer):
    reset(summarised)
    assert extend(summarised).outcome is Outcome.NOT_DUE
    go_on(summarised, 62, 40)
    model.requests.clear()
    assert extend(summarised).summary.first_seq == 62
    assert numbers(model.requests[0])[0] == 62
    assert window(summarised)["summary"]["first_seq"] == 62


def test_after_a_reset_is_undone_it_begins_again(summarised: str, extend: Extend):
    reset(summarised)
    go_on(summarised, 62, 40)
    extend(summarised)
    reset(summarised, undo=True)
    assert window(summarised)["summary"]["first_seq"] == 62
    assert extend(summarised).summary.first_seq == 1


def test_a_topic_shift_that_resets_the_window_hides_it(database, summarised: str):
    sessions.session_update(
        session_id=summarised,
        user_id=OWNER,
        changes={"context_policy": {"on_topic_shift": OnTopicShift.RESET}},
        versions=None,
        now=now(),
    )
    assert "summary" in window(summarised)
    shift = {"topic.start_seq": 40, "topic.current": 2, "topic.recent": [[1, 1], [40, 2]]}
    database.sessions.update_one({"_id": summarised}, {"$set": shift})
    assert "summary" not in window(summarised)


# --- what is shown -----------------------------------------------------------------------------


def test_it_stands_behind_the_system_prompt(summarised: str, model: ModelServer):
    shown = window(summarised)
    prompt, summary, first = shown["messages"][:3]
    last = held(summarised).last_seq
    assert prompt["content"] == "Be brief."
    assert summary["role"] == "system"
    assert summary["content"].startswith(f"Summary of messages 1-{last} of this conversation")
    assert summary["content"].endswith(model.text)
    assert first["content"].startswith("number")
    tokens = tokenizer.count_tokens(summary["content"])
    assert shown["summary"] == {"first_seq": 1, "last_seq": last, "token_count": tokens}


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


def test_a_window_that_holds_everything_needs_none(summarised: str):
    assert "summary" not in window(summarised, max_tokens=100_000)


def test_a_window_too_small_for_it_goes_without(summarised: str):
    assert "summary" not in window(summarised, max_tokens=100)


def test_it_gives_way_to_the_prompt_and_the_newest_question(talk: str, extend: Extend):
    append(talk, "word " * 470)
    up_to_date(extend, talk)
    shown = window(talk)
    assert held(talk) is not None
    assert "summary" not in shown
    assert shown["messages"][-1]["content"].startswith("word")


@given(
    max_tokens=st.integers(64, 2_500),
    strategy=st.sampled_from(Strategy),
    words=st.integers(0, 450),
    covered=st.integers(1, 61),
)
@examples(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_the_window_with_it_never_exceeds_the_budget(
    summarised: str, max_tokens: int, strategy: Strategy, words: int, covered: int
):
    before = stored.read(session_id=summarised, user_id=OWNER)
    other = replace(before.summary, text="tide " * words, last_seq=covered)
    assert stored.write(session_id=summarised, user_id=OWNER, summary=other, replacing=before)
    shown = window(summarised, max_tokens=max_tokens, strategy=strategy)
    spent = sum(tokenizer.count_tokens(m["content"]) + 4 for m in shown["messages"])
    assert shown["token_count"] == spent <= max_tokens == shown["max_tokens"]
    assert shown["messages"][0]["content"] == "Be brief."
    assert shown["messages"][-1]["content"].startswith("number 61 ")


def test_too_small_a_budget_is_the_same_error_with_it(summarised: str):
    append(summarised, "word " * 600)
    with pytest.raises(WindowBudgetError) as caught:
        window(summarised)
    assert caught.value.available == BUDGET
