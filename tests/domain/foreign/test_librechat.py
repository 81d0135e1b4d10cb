"""LibreChat's exports and collections."""

from typing import Any

import pytest

from sessions_app.domain.foreign import conversations, librechat
from tests.domain.foreign.files import contents, load, records

VAN = [
    ("user", "What does the van use with 8 people?"),
    ("assistant", "Let me look."),
    ("tool", "8.2 l/100 km"),
    ("assistant", "About 8.2 litres."),
    ("user", "And fully loaded?"),
    ("assistant", "More: perhaps 10 litres."),
]


@pytest.mark.parametrize("name", ["librechat.json", "librechat_tree.json"])
def test_an_export_is_read_flat_and_as_a_tree(name: str) -> None:
    conversation = librechat.read_conversation(load(name))
    assert contents(conversation) == VAN
    assert (conversation.title, conversation.owner) == ("Van", "65f1ad8c90523874d2d409f8")
    assert conversation.left == {"message of another branch": 2, "part: think": 1}
    assert len([file for message in conversation.messages for file in message.files]) == 1
    [call] = conversation.messages[1].tool_calls
    assert (call["id"], call["function"]["name"]) == ("call_9", "web_search")
    assert conversation.messages[2].tool_call_id == "call_9"


def test_documents_of_the_collections_are_the_same_session() -> None:
    documents = [conversations.plain(each) for each in load("librechat_collections.jsonl")]
    van = [each for each in documents if each["conversationId"] != "other-conversation"]
    conversation = librechat.from_documents(van[0]["conversationId"], van)
    exported = librechat.read_conversation(load("librechat.json"))
    assert records(conversation)[1:] == records(exported)[1:]
    assert records(conversation)[0]["session_id"] == records(exported)[0]["session_id"]


def test_a_message_that_tells_of_an_error_is_counted() -> None:
    value = load("librechat.json")
    value["messages"] = value["messages"][:5]
    conversation = librechat.read_conversation(value)
    assert contents(conversation) == VAN[:5]
    assert conversation.left["message that tells of an error"] == 1


def test_messages_that_name_no_parents_are_all_of_it() -> None:
    messages = [{"text": "a", "isCreatedByUser": True}, {"text": "b"}]
    conversation = librechat.read_conversation({"conversationId": "c", "messages": messages})
    assert contents(conversation) == [("user", "a"), ("assistant", "b")]


def test_a_tree_of_any_depth_is_read() -> None:
    root: dict[str, Any] = {"messageId": "m0", "text": "0", "isCreatedByUser": True}
    node = root
    for n in range(1, 5_000):
        node["children"] = [{"messageId": f"m{n}", "text": str(n)}]
        node = node["children"][0]
    conversation = librechat.read_conversation({"conversationId": "c", "messagesTree": [root]})
    assert [message.content for message in conversation.messages] == [str(n) for n in range(5_000)]


@pytest.mark.parametrize(
    "messages",
    [[None, 5], [{"messageId": "a", "parentMessageId": "a"}], [{"content": [5, {}]}], [{}]],
)
def test_rubbish_is_no_conversation(messages: Any) -> None:
    conversation = librechat.read_conversation({"conversationId": "c", "messages": messages})
    assert records(conversation) == []
