"""`/v1/conversations/{id}/items` and `…/items/{item_id}`: adding, listing, showing."""

import pytest

from tests.api.bodies import path
from tests.openai_api.calls import error
from tests.openai_api.conversations import calls
from tests.openai_api.conversations.calls import CALL, OUTPUT, SEARCH, URL

NO_ITEM = error("No such item in this conversation.", "not_found")
THOUGHT = {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}


@pytest.fixture
def conversation(alice):
    return calls.created(alice)


def test_it_answers_with_the_items_as_they_are_stored(alice, conversation):
    body = calls.add(alice, conversation, calls.user("Hello"), CALL, OUTPUT).json()
    ids = [item["id"] for item in body["data"]]
    assert body == {
        "object": "list",
        "data": calls.items(alice, conversation),
        "first_id": ids[0],
        "last_id": ids[-1],
        "has_more": False,
    }
    assert [item["type"] for item in body["data"]] == [
        "message",
        "function_call",
        "function_call_output",
    ]


def test_items_come_back_with_the_ids_and_members_that_they_came_with(alice, conversation):
    sent = [
        calls.user("Hello", id="msg_mine", type="message"),
        THOUGHT,
        calls.assistant("Hi.", id="msg_2", phase="final_answer"),
        {**CALL, "id": "fc_1", "status": "incomplete"},
        {**OUTPUT, "id": "fco_1"},
        SEARCH,
    ]
    calls.added(alice, conversation, *sent)
    read = calls.items(alice, conversation)
    assert [item["id"] for item in read] == ["msg_mine", "rs_1", "msg_2", "fc_1", "fco_1", "ws_1"]
    assert read[1] == THOUGHT
    assert read[2]["phase"] == "final_answer"
    assert read[3]["status"] == "incomplete"
    assert read[5] == SEARCH
    for item in read:
        assert calls.item(alice, conversation, item["id"]).json() == item


def test_what_the_session_has_is_there_as_items(alice, session, append):
    append(session, "Which hotels?")
    call = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    append(session, "Wait.", role="assistant", tool_calls=[call, {**call, "id": "call_2"}])
    append(session, "7", role="tool", tool_call_id="call_1")
    read = calls.items(alice, calls.name(session))
    assert [item["type"] for item in read] == [
        "message", "message", "function_call", "function_call", "function_call_output",
    ]  # fmt: skip
    assert calls.texts(read) == ["Which hotels?", "Wait."]
    assert read[4]["output"] == "7"


def test_items_are_there_as_the_sessions_messages(alice, conversation):
    calls.added(alice, conversation, calls.user("Hello"), THOUGHT, calls.assistant("Hi."), CALL)
    session = calls.session_of(conversation)
    messages = alice.client.get(path(session, "messages")).json()["results"]
    assert [(m["seq"], m["role"], m["content"]) for m in messages] == [
        (1, "user", "Hello"),
        (2, "assistant", "Hi."),
    ]
    assert messages[1]["reasoning"] == "Hm."
    assert messages[1]["tool_calls"][0]["function"]["name"] == "look_up"


def test_a_custom_tools_call_is_a_call_of_the_session(alice, conversation):
    call = {"type": "custom_tool_call", "call_id": "c_1", "name": "sql", "input": "SELECT 1"}
    output = {"type": "custom_tool_call_output", "call_id": "c_1", "output": "1"}
    brought = calls.added(alice, conversation, calls.user("How many?"), call, output)
    assert [each["id"].partition("_")[0] for each in brought] == ["msg", "ctc", "ctco"]
    assert brought[1:] == [
        {**call, "id": brought[1]["id"], "status": "completed"},
        {**output, "id": brought[2]["id"], "status": "completed"},
    ]
    url = path(calls.session_of(conversation), "messages")
    _, made, result = alice.client.get(url).json()["results"]
    assert made["tool_calls"] == [
        {"id": "c_1", "type": "custom", "custom": {"name": "sql", "input": "SELECT 1"}}
    ]
    assert (result["role"], result["content"], result["tool_call_id"]) == ("tool", "1", "c_1")
    again = calls.created(alice, *brought)
    assert calls.items(alice, again) == brought
    calls.remove(alice, conversation, brought[1]["id"])
    assert [each["type"] for each in calls.items(alice, conversation)] == [
        "message", "custom_tool_call_output",
    ]  # fmt: skip


def test_an_item_without_text_is_in_the_session_and_in_no_window(alice, conversation):
    calls.added(alice, conversation, calls.user("Hello"), SEARCH, calls.assistant("Hi."))
    session = calls.session_of(conversation)
    messages = alice.client.get(path(session, "messages")).json()["results"]
    assert messages[1]["items"] == {"opaque": SEARCH}
    window = alice.client.get(path(session, "context")).json()
    assert [message["content"] for message in window["messages"]] == ["Hello", "Hi."]
    assert window["plan"][1]["reason"] == "nothing_to_send"
    assert window["plan"][1]["token_count"] == 0


def test_a_batch_is_stored_whole_or_not_at_all(alice, conversation):
    response = calls.add(alice, conversation, calls.user("one"), {"role": "user"})
    assert response.status_code == 400
    assert calls.items(alice, conversation) == []
    large = [calls.user(str(n)) for n in range(100)]
    assert calls.texts(calls.added(alice, conversation, *large)) == [str(n) for n in range(100)]
    session = calls.session_of(conversation)
    messages = alice.client.get(path(session, "messages?limit=500")).json()["results"]
    assert [message["seq"] for message in messages] == list(range(1, 101))


def test_it_lists_the_newest_first_unless_asked(alice, conversation):
    calls.added(alice, conversation, *[calls.user(str(n)) for n in range(5)])
    newest = calls.page(alice, conversation).json()
    assert calls.texts(newest["data"]) == ["4", "3", "2", "1", "0"]
    assert newest["first_id"] == newest["data"][0]["id"]
    oldest = calls.page(alice, conversation, order="asc", limit=2).json()
    assert (calls.texts(oldest["data"]), oldest["has_more"]) == (["0", "1"], True)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_pages_follow_one_another_through_the_items_of_one_message(
    alice, conversation, order, limit
):
    parallel = [{**CALL, "call_id": f"call_{n}"} for n in range(4)]
    calls.added(alice, conversation, calls.user("a"), THOUGHT, *parallel, SEARCH, calls.user("b"))
    whole = calls.page(alice, conversation, order=order).json()["data"]
    walked, after = [], {}
    while True:
        page = calls.page(alice, conversation, order=order, limit=limit, **after).json()
        walked += page["data"]
        if not page["has_more"]:
            break
        after = {"after": page["last_id"]}
    assert walked == whole
    assert len(walked) == 8


def test_erased_messages_are_no_items_however_many(alice, conversation):
    calls.added(alice, conversation, *[calls.user(str(n)) for n in range(12)])
    session = calls.session_of(conversation)
    for seq in range(2, 12):
        alice.client.delete(path(session, f"messages/{seq}"))
    assert calls.texts(calls.items(alice, conversation, limit=2)) == ["0", "11"]
    page = calls.page(alice, conversation, limit=2).json()
    assert (calls.texts(page["data"]), page["has_more"]) == (["11", "0"], False)


def test_a_page_goes_on_behind_an_item_that_was_deleted_meanwhile(alice, conversation):
    _one, two, _ = calls.added(alice, conversation, *map(calls.user, "abc"))
    calls.remove(alice, conversation, two["id"])
    assert calls.texts(calls.items(alice, conversation, after=two["id"])) == ["c"]
    assert calls.texts(calls.page(alice, conversation, after=two["id"]).json()["data"]) == ["a"]


@pytest.mark.parametrize(
    "query",
    [
        {"include": "reasoning.encrypted_content"},
        {"include[]": ["message.output_text.logprobs", "web_search_call.action.sources"]},
    ],
)
def test_include_is_taken(alice, conversation, query):
    assert calls.page(alice, conversation, **query).status_code == 200


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ({"limit": "0"}, "limit", "invalid_value"),
        ({"limit": "101"}, "limit", "invalid_value"),
        ({"limit": "1_0"}, "limit", "invalid_value"),
        ({"order": "up"}, "order", "unsupported_value"),
        ({"include": "everything"}, "include", "unsupported_value"),
        ({"before": "msg_1"}, "before", "unknown_parameter"),
    ],
)
def test_a_query_that_cannot_be_taken_is_refused_by_name(alice, conversation, query, param, code):
    response = calls.page(alice, conversation, **query)
    problem = response.json()["error"]
    assert (response.status_code, problem["param"], problem["code"]) == (400, param, code)


@pytest.mark.parametrize("item_id", ["msg_1", "x", "fc_1_12345678", "msg_" + "0" * 32])
def test_an_unknown_item_is_not_found(alice, conversation, item_id):
    for response in (
        calls.item(alice, conversation, item_id),
        calls.remove(alice, conversation, item_id),
        calls.page(alice, conversation, after=item_id),
    ):
        assert (response.status_code, response.json()) == (404, NO_ITEM)


def test_an_item_of_another_conversation_is_not_found(alice, conversation):
    [item] = calls.added(alice, calls.created(alice), calls.user("x"))
    assert calls.item(alice, conversation, item["id"]).json() == NO_ITEM


@pytest.mark.parametrize("body", [{"items": []}, {"items": None}, {"items": {}}])
def test_adding_needs_items(alice, conversation, body):
    response = alice.client.post(f"{URL}/{conversation}/items", body)
    assert (response.status_code, response.json()["error"]["param"]) == (400, "items")


def test_more_than_a_hundred_items_are_refused(alice, conversation):
    response = calls.add(alice, conversation, *[calls.user("x")] * 101)
    assert response.json() == error(
        "At most 100 items are allowed, got 101.", "array_above_max_length", "items"
    )


def test_a_message_over_the_limit_is_refused_by_its_item(alice, conversation, settings):
    settings.MESSAGE_MAX_CHARS = 10
    response = calls.add(alice, conversation, OUTPUT, calls.user("x" * 11))
    assert (response.status_code, response.json()["error"]["param"]) == (413, "items.1.content")


def test_an_id_that_the_conversation_has_is_refused(alice, conversation):
    made, _ = calls.added(alice, conversation, calls.user("a"), calls.user("b", id="msg_mine"))
    for item_id in ("msg_mine", made["id"]):
        response = calls.add(alice, conversation, calls.user("c", id=item_id))
        problem = response.json()["error"]
        assert (response.status_code, problem["code"]) == (400, "duplicate_item")
        assert item_id in problem["message"]
    assert calls.texts(calls.items(alice, conversation)) == ["a", "b"]


def test_another_conversation_may_have_the_same_ids(alice, conversation):
    made = calls.added(alice, conversation, calls.user("a"), SEARCH, THOUGHT)
    assert calls.added(alice, calls.created(alice), *made) == made


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_an_old_item_is_found_in_a_long_conversation(alice, conversation):
    first = calls.added(alice, conversation, calls.user("0"), THOUGHT, CALL, SEARCH)
    for _ in range(4):
        calls.added(alice, conversation, *[calls.user("x")] * 100)
    for item in first:
        assert calls.item(alice, conversation, item["id"]).json() == item
    response = calls.add(alice, conversation, calls.user("c", id="ws_1"))
    assert response.json()["error"]["code"] == "duplicate_item"


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_five_thousand_items_take_fifty_requests(alice, conversation):
    for start in range(0, 5_000, 100):
        calls.added(alice, conversation, *[calls.user(str(start + n)) for n in range(100)])
    walked, requests, after = [], 0, {}
    while True:
        page = calls.page(alice, conversation, **after).json()
        requests += 1
        walked += calls.texts(page["data"])
        if not page["has_more"]:
            break
        after = {"after": page["last_id"]}
    assert walked == [str(n) for n in reversed(range(5_000))]
    assert requests == 50
