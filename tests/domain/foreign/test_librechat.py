"""LibreChat's exports and collections."""

from typing import Any

import pytest

from sessions_app.domain.foreign import conversations as foreign
from sessions_app.domain.foreign import librechat as foreign_librechat
from tests.domain.foreign.files import load, records, said

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
    found = foreign_librechat.conversation(load(name))
    assert said(found) == VAN
    assert (found.title, found.owner) == ("Van", "65f1ad8c90523874d2d409f8")
    assert found.left == {"message of another branch": 2, "file": 1, "part: think": 1}
    [call] = found.messages[1].tool_calls
    assert (call["id"], call["function"]["name"]) == ("call_9", "web_search")
    assert found.messages[2].tool_call_id == "call_9"


def test_documents_of_the_collections_are_the_same_session() -> None:
    documents = [foreign.plain(each) for each in load("librechat_collections.jsonl")]
    van = [each for each in documents if each["conversationId"] != "other-conversation"]
    found = foreign_librechat.from_documents(van[0]["conversationId"], van)
    exported = foreign_librechat.conversation(load("librechat.json"))
    assert records(found)[1:] == records(exported)[1:]
    assert records(found)[0]["session_id"] == records(exported)[0]["session_id"]


def test_a_message_that_tells_of_an_error_is_counted() -> None:
    value = load("librechat.json")
    value["messages"] = value["messages"][:5]
    found = foreign_librechat.conversation(value)
    assert said(found) == VAN[:5]
    assert found.left["message that tells of an error"] == 1


def test_messages_that_name_no_parents_are_all_of_it() -> None:
    messages = [{"text": "a", "isCreatedByUser": True}, {"text": "b"}]
    found = foreign_librechat.conversation({"conversationId": "c", "messages": messages})
    assert said(found) == [("user", "a"), ("assistant", "b")]


def test_a_tree_of_any_depth_is_read() -> None:
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
def test_rubbish_is_no_conversation(messages: Any) -> None:
    found = foreign_librechat.conversation({"conversationId": "c", "messages": messages})
    assert records(found) == []
