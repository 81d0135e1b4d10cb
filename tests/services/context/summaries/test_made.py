"""What a summary is made of, and what it costs."""

import pytest

from sessions_app import tokenizer
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import (
    SessionArchived,
    SessionNotFound,
)
from sessions_app.domain.window.summaries import EXTENSION_TOKENS
from sessions_app.repository.log import pages
from sessions_app.services import messages, sessions
from sessions_app.services.context.summaries import ExtensionOutcome
from tests.model_server import ModelServer
from tests.repository.conftest import OWNER, append, new_session, now, read_all
from tests.services.context.summaries.talks import (
    BUDGET,
    POLICY,
    SENTENCE,
    Extend,
    delete,
    go_on,
    make_talk,
    numbers,
    request_text,
    stored_summary,
    up_to_date,
    window,
)


def test_it_is_keyed_to_the_messages_it_was_made_of(talk: str, extend: Extend, model: ModelServer):
    summary = extend(talk).summary
    assert summary == stored_summary(talk)
    assert (summary.first_seq, summary.text) == (1, model.text)
    assert (summary.model, summary.token_count) == ("gulf-1", tokenizer.count_tokens(model.text))
    assert numbers(model.requests[0]) == list(range(2, summary.last_seq + 1))


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_it_is_extended_from_where_it_ends(talk: str, extend: Extend, model: ModelServer):
    go_on(talk, 62, 100)
    first = extend(talk).summary
    model.text = "Then they talked about the tide."
    second = extend(talk).summary
    assert numbers(model.requests[1]) == list(range(first.last_seq + 1, second.last_seq + 1))
    assert first.text in request_text(model.requests[1])
    assert (second.first_seq, second.text) == (1, model.text)


def test_it_reaches_up_to_the_newest_messages(talk: str, extend: Extend, model: ModelServer):
    up_to_date(extend, talk)
    # A quarter of what the prompt leaves stays in the window: of 505 tokens, six messages.
    assert stored_summary(talk).last_seq == 61 - 6
    assert extend(talk).outcome is ExtensionOutcome.NOT_DUE


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_every_message_is_summarised_once(talk: str, extend: Extend, model: ModelServer):
    go_on(talk, 62, 300)
    up_to_date(extend, talk)
    seqs = [seq for request in model.requests for seq in numbers(request)]
    assert seqs == list(range(2, stored_summary(talk).last_seq + 1))


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_call_waits_until_it_is_worth_it(summarised: str, extend: Extend, model: ModelServer):
    calls = len(model.requests)
    for n in range(62, 62 + 12):
        append(summarised, SENTENCE.format(n))
        extend(summarised)
    # An eighth of the budget, 64 tokens, is three of these messages with their labels.
    assert len(model.requests) - calls == 4


@pytest.mark.mongod("3,000 messages")
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
    assert extend(session_id).outcome is ExtensionOutcome.NOT_DUE
    assert model.requests == []


def test_a_budget_too_small_for_one_has_none(database, extend: Extend, model: ModelServer):
    assert extend(make_talk(60, max_tokens=383)).outcome is ExtensionOutcome.NOT_DUE
    assert extend(make_talk(60, max_tokens=384)).outcome is ExtensionOutcome.EXTENDED


def test_a_limit_of_messages_drops_and_summarises_too(database, extend: Extend):
    session_id = make_talk(60, max_tokens=100_000, max_messages=8)
    assert extend(session_id).summary.last_seq == 61 - 2


def test_the_newest_question_is_left_out_however_long(talk: str, extend: Extend):
    append(talk, "What does this say? " + "word " * 300)
    for n in range(10):
        draft = MessageDraft(role=Role.ASSISTANT, content=SENTENCE.format(n))
        messages.message_append(session_id=talk, user_id=OWNER, draft=draft, now=now())
    up_to_date(extend, talk)
    assert stored_summary(talk).last_seq == 61


def test_a_tombstone_is_not_summarised(talk: str, extend: Extend, model: ModelServer):
    delete(talk, 3)
    extend(talk)
    assert 3 not in numbers(model.requests[0])
    assert stored_summary(talk).first_seq == 1


@pytest.mark.mongod("mongomock answers otherwise")
def test_nothing_but_tombstones_costs_nothing(database, extend: Extend, model: ModelServer):
    session_id = make_talk(300)
    for seq in range(2, 258):
        delete(session_id, seq)
    assert extend(session_id).summary.last_seq == 256
    assert (model.requests, stored_summary(session_id).text) == ([], "")
    assert "summary" not in window(session_id)


def test_a_long_message_is_told_by_its_two_ends(talk: str, extend: Extend, model: ModelServer):
    session = new_session(policy=POLICY)
    append(session.session_id, "It begins. " + "word " * 5_000 + "It ends.")
    go_on(session.session_id, 2, 30)
    extend(session.session_id)
    first = request_text(model.requests[0]).splitlines()[4]
    assert first.startswith("[1] user: It begins.")
    assert first.endswith("It ends.")
    assert tokenizer.count_tokens(first) < 520


def test_tool_calls_are_told(database, extend: Extend, model: ModelServer):
    call = {"id": "c1", "type": "function", "function": {"name": "tides", "arguments": "{}"}}
    history = [MessageDraft(role=Role.ASSISTANT, content="", tool_calls=[call])]
    session_id = new_session(policy=POLICY, history=history).session_id
    go_on(session_id, 2, 30)
    extend(session_id)
    assert '[1] assistant: calls [{"id":"c1"' in request_text(model.requests[0])


def test_an_answer_that_is_too_long_is_cut_after_a_sentence(
    talk: str, extend: Extend, model: ModelServer
):
    model.text = "The boats leave at seven. " * 40
    summary = extend(talk).summary
    assert summary.text.endswith("at seven.")
    assert BUDGET // 16 < summary.token_count <= BUDGET // 8


def test_what_cannot_be_stored_is_taken_out_or_marked(
    talk: str, extend: Extend, model: ModelServer
):
    model.text = "\x00The \ud800sea.\x07"
    assert extend(talk).summary.text == "The \ufffdsea."


def test_the_messages_and_the_version_stay_as_they_are(talk: str, extend: Extend):
    before = read_all(talk), pages.read_header(session_id=talk, user_id=OWNER)
    up_to_date(extend, talk)
    assert (read_all(talk), pages.read_header(session_id=talk, user_id=OWNER)) == before


def test_a_stranger_makes_none(talk: str, extend: Extend):
    with pytest.raises(SessionNotFound):
        extend(talk, user_id="somebody")


def test_an_archived_session_is_left_alone(talk: str, extend: Extend, model: ModelServer):
    sessions.session_archive(session_id=talk, user_id=OWNER, now=now())
    with pytest.raises(SessionArchived):
        extend(talk)
    assert model.requests == []
