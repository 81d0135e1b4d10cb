"""Conversations of other programs, read from files as those programs write them."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sessions_app.domain import (
    foreign,
    foreign_agents,
    foreign_langchain,
    foreign_librechat,
    foreign_openai,
)
from sessions_app.domain.data import Role
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign import Conversation, ForeignMessage

DATA = Path(__file__).parents[1] / "data" / "imports"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def load(name: str) -> Any:
    text = (DATA / name).read_text(encoding="utf-8")
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text)


def said(conversation: Conversation) -> list[tuple[str, str]]:
    return [(message.role.value, message.content) for message in conversation.messages]


def records(conversation: Conversation, user_id: str = "alice") -> list[Any]:
    return list(foreign.records(conversation, user_id=user_id, policy={}, expires_at=None, now=NOW))


# --- ChatGPT ----------------------------------------------------------------------------------


def test_chatgpt_the_branch_that_was_shown_last_is_taken() -> None:
    found = foreign_openai.conversation(load("chatgpt.json")[0])
    assert said(found)[:2] == [
        ("user", "Where can I walk my dog in Lisbon?"),
        ("assistant", "Try Monsanto, or the riverside at Belém."),
    ]
    assert found.left["message of another branch"] == 1
    assert (found.title, found.source_id[-4:]) == ("Walking dogs in Lisbon", "0001")
    assert found.created_at == datetime(2025, 8, 24, 1, 46, 40, 123_000, UTC)
    assert found.messages[1].model == "gpt-4o"


def test_chatgpt_a_tool_is_a_call_and_its_result() -> None:
    call, result = foreign_openai.conversation(load("chatgpt.json")[0]).messages[-3:-1]
    function = {"name": "python", "arguments": '{"input": "18 * 250 / 1000"}'}
    assert call.tool_calls == ({"id": "call_c1", "type": "function", "function": function},)
    assert (result.role, result.content, result.tool_call_id) == (Role.TOOL, "4.5", "call_c1")


def test_chatgpt_results_find_their_call_by_the_tool_and_keep_their_words_without_one() -> None:
    tools = [m for m in foreign_openai.conversation(load("chatgpt.json")[1]).messages if m.name]
    assert [(m.name, m.tool_call_id, m.content) for m in tools] == [
        ("browser", "call_s", "# 0: Porto opens a bridge"),
        ("browser", "call_s", "The bridge opened on Monday."),
        ("web", "call_e", "timed out"),
    ]


def test_chatgpt_an_archived_conversation_is_archived_and_what_was_spoken_is_text() -> None:
    session, *messages = records(foreign_openai.conversation(load("chatgpt.json")[1]))
    assert (session["status"], session["archived_at"]) == ("archived", session["updated_at"])
    assert messages[-1]["content"] == "A bridge has opened."


def test_chatgpt_what_has_no_place_is_counted() -> None:
    found = foreign_openai.conversation(load("chatgpt.json")[0])
    records(found)
    assert found.left == {
        "message of another branch": 1,
        "hidden: text": 1,
        "hidden: user_editable_context": 1,
        "hidden: thoughts": 1,
        "part: image_asset_pointer": 1,
        "attachments": 1,
        "citations": 1,
        "control characters, in so many messages": 1,
    }


@pytest.mark.parametrize("current", [None, "nowhere", 5])
def test_chatgpt_without_a_current_node_the_newest_branch_is_taken(current: Any) -> None:
    value = load("chatgpt.json")[0] | {"current_node": current}
    assert said(foreign_openai.conversation(value))[-1][1].startswith("About 4.5 km")


RUBBISH = [
    {"mapping": None},
    {"mapping": {"a": None}, "current_node": "a"},
    {"mapping": {"a": {"parent": "a", "message": {"author": 1, "content": []}}}},
    {"mapping": {"a": {"parent": [], "message": {"author": {"role": "user"}, "content": "x"}}}},
    {"mapping": {"a": {"message": {"author": {"role": ["x"]}, "content": {"parts": [1, None]}}}}},
    {"mapping": {"a": {"message": {"recipient": [1], "author": {"role": "assistant"}}}}},
    {"mapping": {"a": {"message": {"create_time": 1e400, "author": {"role": "user"}}}}},
    {"title": [1], "id": {}, "mapping": {}},
]


@pytest.mark.parametrize("value", RUBBISH)
def test_chatgpt_rubbish_is_no_conversation(value: Any) -> None:
    found = foreign_openai.conversation(value)
    assert all(isinstance(message.content, str) for message in found.messages)
    assert all(record["type"] in ("session", "message") for record in records(found))


# --- LibreChat --------------------------------------------------------------------------------

VAN = [
    ("user", "What does the van use with 8 people?"),
    ("assistant", "Let me look."),
    ("tool", "8.2 l/100 km"),
    ("assistant", "About 8.2 litres."),
    ("user", "And fully loaded?"),
    ("assistant", "More: perhaps 10 litres."),
]


@pytest.mark.parametrize("name", ["librechat.json", "librechat_tree.json"])
def test_librechat_an_export_is_read_flat_and_as_a_tree(name: str) -> None:
    found = foreign_librechat.conversation(load(name))
    assert said(found) == VAN
    assert (found.title, found.owner) == ("Van", "65f1ad8c90523874d2d409f8")
    assert found.left == {"message of another branch": 2, "file": 1, "part: think": 1}
    [call] = found.messages[1].tool_calls
    assert (call["id"], call["function"]["name"]) == ("call_9", "web_search")
    assert found.messages[2].tool_call_id == "call_9"


def test_librechat_documents_of_the_collections_are_the_same_session() -> None:
    documents = [foreign.plain(each) for each in load("librechat_collections.jsonl")]
    van = [each for each in documents if each["conversationId"] != "other-conversation"]
    found = foreign_librechat.from_documents(van[0]["conversationId"], van)
    exported = foreign_librechat.conversation(load("librechat.json"))
    assert records(found)[1:] == records(exported)[1:]
    assert records(found)[0]["session_id"] == records(exported)[0]["session_id"]


def test_librechat_a_message_that_tells_of_an_error_is_counted() -> None:
    value = load("librechat.json")
    value["messages"] = value["messages"][:5]
    found = foreign_librechat.conversation(value)
    assert said(found) == VAN[:5]
    assert found.left["message that tells of an error"] == 1


def test_librechat_messages_that_name_no_parents_are_all_of_it() -> None:
    messages = [{"text": "a", "isCreatedByUser": True}, {"text": "b"}]
    found = foreign_librechat.conversation({"conversationId": "c", "messages": messages})
    assert said(found) == [("user", "a"), ("assistant", "b")]


def test_librechat_a_tree_of_any_depth_is_read() -> None:
    root: dict[str, Any] = {"messageId": "m0", "text": "0", "isCreatedByUser": True}
    node = root
    for n in range(1, 5_000):
        node["children"] = [{"messageId": f"m{n}", "text": str(n)}]
        node = node["children"][0]
    found = foreign_librechat.conversation({"conversationId": "c", "messagesTree": [root]})
    assert [message.content for message in found.messages] == [str(n) for n in range(5_000)]


@pytest.mark.parametrize(
    "messages",
    [[None, 5], [{"messageId": "a", "parentMessageId": "a"}], [{"content": [5, {}]}], [{}]],
)
def test_librechat_rubbish_is_no_conversation(messages: Any) -> None:
    found = foreign_librechat.conversation({"conversationId": "c", "messages": messages})
    assert records(found) == []


# --- LangChain --------------------------------------------------------------------------------


def trip() -> Conversation:
    documents = [foreign.plain(each) for each in load("langchain.jsonl")]
    return foreign_langchain.from_documents(
        "trip", [each for each in documents if each["SessionId"] == "trip"]
    )


def test_langchain_every_kind_of_message_has_its_role() -> None:
    assert said(trip()) == [
        ("system", "You plan trips."),
        ("user", "Find a hotel in Porto."),
        ("assistant", "Looking."),
        ("tool", "Hotel Sol"),
        ("assistant", "Hotel Sol has a room."),
        ("user", "Is this it?"),
        ("assistant", ""),
        ("tool", "yes"),
        ("assistant", "Yes, it is."),
    ]
    assert trip().left == {"content block: image_url": 1, "artifact": 1, "message type: chat": 1}


def test_langchain_calls_and_results_belong_together_the_old_ones_too() -> None:
    messages = trip().messages
    function = {"name": "find", "arguments": '{"city": "Porto"}'}
    assert messages[2].tool_calls == ({"id": "call_1", "type": "function", "function": function},)
    assert messages[3].tool_call_id == "call_1"
    [older] = messages[6].tool_calls
    assert (older["function"]["name"], older["id"]) == ("look", messages[7].tool_call_id)


def test_langchain_the_time_is_that_of_the_object_id() -> None:
    assert trip().messages[0].at == datetime(2024, 4, 9, 14, 32, 5, tzinfo=UTC)
    assert trip().messages[2].model == "gpt-4o-mini"


@pytest.mark.parametrize("history", ["{", "5", '{"type": "human"}', None, '{"data": 5}'])
def test_langchain_what_is_no_message_is_refused(history: Any) -> None:
    with pytest.raises(InvalidInput, match="session s, message 1: no"):
        foreign_langchain.from_documents("s", [{"SessionId": "s", "History": history}])


# --- the Agents SDK ---------------------------------------------------------------------------


def test_agents_items_become_messages_and_calls_in_a_row_one_of_them() -> None:
    found = foreign_agents.from_items("s", [(item, None) for item in load("agents_items.json")])
    assert said(found) == [
        ("user", "What is the weather in Faro and Lagos?"),
        ("assistant", ""),
        ("tool", "Sunny"),
        ("tool", "Cloudy"),
        ("assistant", "Faro is sunny, Lagos cloudy."),
        ("user", "And here?"),
        ("assistant", "I cannot tell."),
    ]
    calls = found.messages[1].tool_calls
    assert [call["id"] for call in calls] == ["call_a", "call_b"]
    assert [message.tool_call_id for message in found.messages[2:4]] == ["call_a", "call_b"]
    assert found.left == {"item: reasoning": 1, "item: web_search_call": 1, "part: input_image": 1}


@pytest.mark.parametrize("item", [5, None, [], {}, {"type": 5}, {"role": "robot", "content": "x"}])
def test_agents_rubbish_is_counted(item: Any) -> None:
    found = foreign_agents.from_items("s", [(item, None)])
    assert found.messages == []
    assert sum(found.left.values()) == 1


# --- what all have in common ------------------------------------------------------------------


def one(content: str = "hello", **fields: Any) -> Conversation:
    return Conversation("openai", "c", [ForeignMessage(Role.USER, content)], **fields)


def test_ids_follow_from_the_conversation_and_its_owner() -> None:
    first, again, other = records(one()), records(one()), records(one(), user_id="bob")
    assert [first[0]["session_id"], first[1]["id"]] == [again[0]["session_id"], again[1]["id"]]
    assert first[0]["session_id"] != other[0]["session_id"]


def test_an_id_is_a_uuid_7_with_the_conversations_time() -> None:
    session_id = records(one(created_at=NOW))[0]["session_id"]
    assert session_id[14] == "7"
    assert session_id[19] in "89ab"
    assert int(session_id.replace("-", "")[:12], 16) == NOW.timestamp() * 1_000


def test_a_message_without_a_time_has_that_of_the_one_before() -> None:
    found = one(created_at=NOW)
    found.messages += [
        ForeignMessage(Role.USER, "b", datetime(2027, 1, 1, tzinfo=UTC)),
        ForeignMessage(Role.USER, "c"),
    ]
    assert [r["timestamp"].year for r in records(found)[1:]] == [2026, 2027, 2027]


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ("", "empty message"),
        ("\x00", "empty message"),
        ("x" * 1_000_001, "message over 1,000,000 characters"),
    ],
)
def test_what_cannot_be_stored_is_left_and_counted(content: str, left: str) -> None:
    found = one(content)
    assert records(found) == []
    assert found.left[left] == found.left["conversation without messages"] == 1


def test_a_long_title_is_cut_and_that_is_said() -> None:
    found = one(title="x" * 201)
    assert len(records(found)[0]["title"]) == 200
    assert found.left == {"end of a long title": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$oid": "661551650000000000000000"}, "661551650000000000000000"),
        ({"$date": "2026-11-22T00:00:00Z"}, NOW),
        ({"$date": {"$numberLong": "1795305600000"}}, NOW),
        ({"a": [{"$numberInt": "5"}, {"$numberDouble": "0.5"}]}, {"a": [5, 0.5]}),
        ({"$oid": 5}, {"$oid": 5}),
    ],
)
def test_extended_json_becomes_plain(value: Any, expected: Any) -> None:
    assert foreign.plain(value) == expected


@pytest.mark.parametrize("value", ["x", True, None, 1e400, -1e20, float("nan")])
@pytest.mark.parametrize("read", [foreign.seconds_time, foreign.text_time])
def test_what_is_no_time_is_none(read: Callable[[Any], Any], value: Any) -> None:
    assert read(value) is None
