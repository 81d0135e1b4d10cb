"""`GET /session/{id}/context` where recalled messages are quoted behind what stays."""

import pytest

from sessions_app.tokenizer import count_tokens
from tests.api.bodies import path

pytestmark = pytest.mark.usefixtures("no_encoder", "stable_prefix")


@pytest.fixture
def stable_prefix(settings):
    settings.CONTEXT_LAYOUT = "stable_prefix"


def window(person, session, **query):
    response = person.client.get(path(session, "context"), query)
    assert response.status_code == 200, response.content
    return response.json()


def cost(sent):
    return sum(count_tokens(message["content"]) + 4 for message in sent)


@pytest.fixture
def asked(append, create, fill):
    """A session in which the answer lies far before the question."""
    session = create(system_prompt="Be brief.")
    append(session, "My guitar is called Lucille.")
    fill(session, 200)
    append(session, "What is my guitar called?")
    return session


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_what_is_recalled_is_quoted_before_the_newest_message(alice, asked):
    body = window(alice, asked, max_tokens=600)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    quotation, newest = body["messages"][-2:]
    assert newest == {"role": "user", "content": "What is my guitar called?"}
    assert quotation["role"] == "system"
    assert "user: My guitar is called Lucille." in quotation["content"].splitlines()
    assert 2 in body["recalled"]["seqs"]
    assert body["recalled"]["token_count"] == count_tokens(quotation["content"])


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize("max_tokens", [64, 100, 200, 600, 2000])
@pytest.mark.parametrize("strategy", ["relevant", "hybrid"])
def test_what_is_sent_is_counted_exactly_and_fits(alice, asked, max_tokens, strategy):
    body = window(alice, asked, max_tokens=max_tokens, strategy=strategy)
    assert body["token_count"] == cost(body["messages"]) <= body["max_tokens"] == max_tokens


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_every_kept_message_is_sent_once(alice, asked):
    body = window(alice, asked, max_tokens=600)
    kept = [message["seq"] for message in body["plan"] if message["kept"]]
    assert len(body["messages"]) == len(kept) - len(body["recalled"]["seqs"]) + 1
    assert set(body["recalled"]["seqs"]) < set(kept)


@pytest.mark.mongod("mongomock answers otherwise")
def test_strategies_that_recall_nothing_are_sent_as_ever(alice, asked):
    body = window(alice, asked, max_tokens=600, strategy="recent")
    assert "recalled" not in body
    assert body["token_count"] == cost(body["messages"])


def test_a_short_conversation_is_sent_in_its_order(alice, create, append):
    session = create()
    append(session, "Hello")
    assert "recalled" not in window(alice, session)
