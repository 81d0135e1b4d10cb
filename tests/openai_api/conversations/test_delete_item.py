"""`DELETE /v1/conversations/{id}/items/{item_id}`."""

import pytest

from tests.api.bodies import path
from tests.openai_api.conversations import calls
from tests.openai_api.conversations.calls import CALL, SEARCH, URL

ANSWER = [
    {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]},
    calls.assistant("Wait.", id="msg_1"),
    CALL,
    {**CALL, "call_id": "call_2"},
]


@pytest.fixture(params=[0, 2], ids=["in the tail", "in a bucket"])
def conversation(alice, request):
    """A conversation with an answer of several items in it."""
    conversation_id = calls.created(alice, calls.user("Hello"), *ANSWER, SEARCH)
    for _ in range(request.param):
        calls.added(alice, conversation_id, *[calls.user("x")] * 100)
    return conversation_id


def head(alice, conversation):
    return calls.items(alice, conversation, limit=6)


def counts(alice, conversation):
    session = alice.client.get(path(calls.session_of(conversation))).json()
    return session["message_count"], session["token_count"]


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_the_message_of_a_single_item_is_erased(alice, conversation):
    first = head(alice, conversation)[0]
    response = calls.remove(alice, conversation, first["id"])
    assert response.json() == alice.client.get(f"{URL}/{conversation}").json()
    session = calls.session_of(conversation)
    [message] = alice.client.get(path(session, "messages?limit=1&after=0")).json()["results"]
    assert (message["deleted"], message["content"]) == (True, "")
    assert calls.item(alice, conversation, first["id"]).status_code == 404
    assert calls.remove(alice, conversation, first["id"]).status_code == 404


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize("position", range(1, 5))
def test_one_item_of_a_message_goes_without_the_others(alice, conversation, position):
    before = head(alice, conversation)
    messages, _ = counts(alice, conversation)
    assert calls.remove(alice, conversation, before[position]["id"]).status_code == 200
    left = before[:position] + before[position + 1 :]
    assert calls.items(alice, conversation, limit=5) == left
    assert counts(alice, conversation)[0] == messages


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_all_items_of_a_message_one_by_one_leave_a_tombstone(alice, conversation):
    for item in head(alice, conversation)[1:5]:
        assert calls.remove(alice, conversation, item["id"]).status_code == 200
    session = calls.session_of(conversation)
    [message] = alice.client.get(path(session, "messages?limit=1&after=1")).json()["results"]
    assert message["deleted"]
    assert "reasoning" not in message
    assert "items" not in message


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_the_tokens_of_a_removed_item_are_not_counted_any_more(alice, conversation, database):
    _, before = counts(alice, conversation)
    calls.remove(alice, conversation, head(alice, conversation)[4]["id"])
    _, after = counts(alice, conversation)
    session_id = conversation.removeprefix("conv_")
    stored = database.sessions.find_one({"_id": session_id})["messages"]
    for bucket in database.message_buckets.find({"session_id": session_id}):
        if bucket["first_seq"] < database.sessions.find_one({"_id": session_id})["tail_start"]:
            stored += bucket["messages"]
    assert after == sum(message["token_count"] for message in stored) < before


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_an_opaque_item_is_erased_with_all_that_it_holds(alice, conversation, database):
    calls.remove(alice, conversation, "ws_1")
    assert "ws_1" not in [item["id"] for item in head(alice, conversation)]
    session_id = conversation.removeprefix("conv_")
    stored = [
        *database.sessions.find({"_id": session_id}),
        *database.message_buckets.find({"session_id": session_id}),
    ]
    assert "web_search_call" not in str(stored)


def test_a_deleted_item_may_be_added_again(alice, conversation):
    calls.remove(alice, conversation, "ws_1")
    assert calls.added(alice, conversation, SEARCH) == [SEARCH]


def test_a_removed_text_is_not_found_any_more(alice):
    conversation = calls.created(alice, calls.assistant("Lisbon", id="msg_1"), CALL)
    query = {"q": "Lisbon"}
    assert len(alice.client.get("/session/search", query).json()["results"]) == 1
    calls.remove(alice, conversation, "msg_1")
    assert alice.client.get("/session/search", query).json()["results"] == []
