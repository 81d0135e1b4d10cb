"""`GET /session/{id}/context`."""

import pytest

from tests.api.bodies import EXPIRED, NO_SESSION, NO_TOKEN, UNKNOWN, invalid, path

CALLS = [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}]


def window(person, session, **query):
    response = person.client.get(path(session, "context"), query)
    assert response.status_code == 200, response.content
    return response.json()


def kept(body):
    return [message["seq"] for message in body["plan"] if message["kept"]]


def test_a_short_conversation_is_sent_whole(alice, create, append):
    session = create(system_prompt="Be brief.")
    append(session, "Hello")
    append(session, "Good day.", role="assistant")
    assert window(alice, session) == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "Hello"},
            {"role": "assistant", "content": "Good day."},
        ],
        "complete": True,
        "token_count": 3 + 1 + 3 + 3 * 4,
        "max_tokens": 4000,
        "strategy": "hybrid",
        "ranking": "none",
        "plan": [
            planned(1, "system", 3, "system_prompt"),
            planned(2, "user", 1, "newest_user_message"),
            planned(3, "assistant", 3, "recent"),
        ],
        "dropped_count": 0,
    }


def planned(seq, role, token_count, reason):
    return {
        "seq": seq,
        "role": role,
        "token_count": token_count,
        "topic": 1,
        "kept": True,
        "reason": reason,
    }


def test_a_session_without_messages_has_an_empty_window(alice, session):
    body = window(alice, session)
    assert (body["messages"], body["plan"], body["token_count"]) == ([], [], 0)


@pytest.mark.mongod("mongomock answers otherwise")
@pytest.mark.parametrize("strategy", ["recent", "topic", "relevant", "hybrid"])
@pytest.mark.parametrize("max_tokens", [64, 300, 2000])
@pytest.mark.usefixtures("no_encoder")
def test_no_strategy_exceeds_its_budget(alice, session, fill, strategy, max_tokens):
    fill(session, 250)
    body = window(alice, session, strategy=strategy, max_tokens=max_tokens)
    planned = [m for m in body["plan"] if m["kept"]]
    assert body["token_count"] == sum(m["token_count"] + 4 for m in planned) <= max_tokens
    assert (body["strategy"], body["max_tokens"]) == (strategy, max_tokens)
    assert 250 in kept(body)
    assert body["dropped_count"] == 250 - len(body["messages"])


@pytest.mark.mongod("mongomock answers otherwise")
@pytest.mark.usefixtures("no_encoder")
@pytest.mark.parametrize("strategy", ["recent", "topic", "relevant", "hybrid"])
def test_a_very_long_session_keeps_its_prompt_and_its_newest(alice, create, fill, strategy):
    session = create(system_prompt="Be brief.")
    fill(session, 1_700)
    body = window(alice, session, strategy=strategy, max_tokens=1_000)
    assert kept(body)[0] == 1
    assert kept(body)[-1] == 1_701
    assert kept(body) == sorted(kept(body))
    assert body["dropped_count"] == 1_701 - len(body["messages"])


@pytest.mark.mongod("mongomock answers otherwise")
def test_an_old_message_that_answers_the_query_is_found(alice, create, append, fill):
    session = create()
    append(session, "My locker at the swimming pool has the number 4711.")
    fill(session, 200)
    body = window(alice, session, query="Which locker at the pool?", max_tokens=400)
    assert 1 in kept(body)
    assert body["plan"][0]["reason"] == "relevant"
    assert 1 not in kept(window(alice, session, strategy="recent", max_tokens=400))


@pytest.mark.mongod("mongomock answers otherwise")
@pytest.mark.usefixtures("no_encoder")
def test_it_is_found_among_thousands(alice, create, append, fill):
    session = create()
    append(session, "My locker at the swimming pool has the number 4711.")
    fill(session, 2_000)
    body = window(alice, session, query="Which locker at the pool?", max_tokens=400)
    assert 1 in kept(body)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_the_newest_user_message_is_the_query(alice, create, append, fill):
    session = create()
    append(session, "My locker at the swimming pool has the number 4711.")
    fill(session, 200)
    append(session, "Which locker at the pool?")
    assert 1 in kept(window(alice, session, max_tokens=400))


def test_a_call_and_its_result_stay_together(alice, create):
    session = create(
        messages=[
            {"content": "Look it up."},
            {"role": "assistant", "content": "", "tool_calls": CALLS},
            {"role": "tool", "content": "found " * 50, "tool_call_id": "c1"},
            {"content": "Thanks."},
        ]
    )
    for max_tokens in range(64, 160, 8):
        shown = kept(window(alice, session, max_tokens=max_tokens))
        assert (2 in shown) == (3 in shown)
    whole = window(alice, session)["messages"]
    assert whole[1] == {"role": "assistant", "content": "", "tool_calls": CALLS}
    assert whole[2]["tool_call_id"] == "c1"


def test_a_deleted_message_is_not_sent(alice, session, append):
    append(session, "secret")
    append(session, "hello")
    alice.client.delete(path(session, "messages", 1))
    body = window(alice, session)
    assert [message["content"] for message in body["messages"]] == ["hello"]
    assert body["plan"][0]["reason"] == "deleted"


def test_the_sessions_policy_is_used(alice, create, append):
    session = create(context_policy={"strategy": "recent", "max_tokens": 64, "max_messages": 1})
    append(session, "one")
    append(session, "two")
    body = window(alice, session)
    assert (kept(body), body["strategy"], body["max_tokens"]) == ([2], "recent", 64)


def test_a_prompt_that_does_not_fit_is_said_so(alice, create, append):
    session = create(system_prompt="word " * 100)
    append(session, "Hello")
    response = alice.client.get(path(session, "context"), {"max_tokens": 64})
    detail = "The system prompt and the newest user message need 110 tokens; max_tokens allows 64."
    assert response.status_code == 400
    assert response.json() == invalid("max_tokens", detail, "context_length_exceeded")


@pytest.mark.parametrize(
    ("query", "attr"),
    [
        ({"max_tokens": 63}, "max_tokens"),
        ({"max_tokens": 1_000_001}, "max_tokens"),
        ({"strategy": "newest"}, "strategy"),
        ({"query": "a\x00"}, "query"),
        ({"query": "a" * 4_001}, "query"),
    ],
)
def test_a_wrong_query_is_refused(alice, session, query, attr):
    response = alice.client.get(path(session, "context"), query)
    assert response.status_code == 400
    assert [error["attr"] for error in response.json()["errors"]] == [attr]


def test_looking_changes_nothing(alice, session, append):
    append(session, "Hello")
    before = alice.client.get(path(session)).headers["ETag"]
    window(alice, session)
    assert alice.client.get(path(session)).headers["ETag"] == before


def test_an_archived_session_has_a_window(alice, session, append, archive):
    append(session, "Hello")
    archive(session)
    assert len(window(alice, session)["messages"]) == 1


def test_an_expired_session_has_none(alice, session, expire):
    expire(session)
    response = alice.client.get(path(session, "context"))
    assert (response.status_code, response.json()) == (410, EXPIRED)


@pytest.mark.parametrize("who", ["bob", "carol"])
def test_a_stranger_finds_no_session(request, session, who):
    person = request.getfixturevalue(who)
    for session_id in (session["session_id"], UNKNOWN):
        response = person.client.get(path(session_id, "context"))
        assert (response.status_code, response.json()) == (404, NO_SESSION)


def test_it_asks_for_a_token(anybody, session):
    response = anybody.get(path(session, "context"))
    assert (response.status_code, response.json()) == (401, NO_TOKEN)


@pytest.mark.mongod("mongomock answers otherwise")
@pytest.mark.usefixtures("no_encoder")
@pytest.mark.parametrize("strategy", ["recent", "topic"])
@pytest.mark.parametrize("number", [3, 20, 100, 200])
def test_the_prompt_is_sent_however_few_messages_fit(alice, create, fill, strategy, number):
    session = create(system_prompt="Be brief.")
    fill(session, number)
    body = window(alice, session, strategy=strategy, max_tokens=64)
    assert kept(body)[0] == 1
    assert kept(body)[-1] == number + 1


@pytest.mark.mongod("mongomock answers otherwise")
@pytest.mark.usefixtures("no_encoder")
@pytest.mark.parametrize("strategy", ["recent", "topic", "relevant", "hybrid"])
def test_an_agents_long_work_does_not_hide_the_question(alice, create, fill, strategy):
    session = create()
    fill(session, 1_000)
    work = [{"role": "assistant", "content": f"step {n}"} for n in range(100)]
    for _ in range(6):
        alice.client.post(path(session, "messages"), {"messages": work})
    body = window(alice, session, strategy=strategy, max_tokens=500)
    assert 1_000 in kept(body)
    assert kept(body)[-1] == 1_600


@pytest.mark.mongod("mongomock answers otherwise")
@pytest.mark.usefixtures("no_encoder")
def test_all_of_a_prompt_in_several_messages_is_sent(alice, create, fill):
    prompts = [{"role": "system", "content": f"Rule {n}."} for n in range(6)]
    session = create(messages=prompts)
    fill(session, 1_700)
    for strategy in ("recent", "hybrid"):
        body = window(alice, session, strategy=strategy, max_tokens=300)
        assert kept(body)[:6] == [1, 2, 3, 4, 5, 6]
