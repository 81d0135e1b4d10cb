"""LangChain's collection."""

from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign import conversations, langchain
from sessions_app.domain.foreign.conversations import Conversation
from tests.domain.foreign.files import contents, load


def trip() -> Conversation:
    documents = [conversations.plain(each) for each in load("langchain.jsonl")]
    return langchain.from_documents(
        "trip", [each for each in documents if each["SessionId"] == "trip"]
    )


def test_every_kind_of_message_has_its_role() -> None:
    assert contents(trip()) == [
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
    assert trip().left == {"artifact": 1, "message type: chat": 1}
    assert [file.kind for message in trip().messages for file in message.files] == ["image"]


def test_calls_and_results_belong_together_the_old_ones_too() -> None:
    messages = trip().messages
    function = {"name": "find", "arguments": '{"city": "Porto"}'}
    assert messages[2].tool_calls == ({"id": "call_1", "type": "function", "function": function},)
    assert messages[3].tool_call_id == "call_1"
    [older] = messages[6].tool_calls
    assert (older["function"]["name"], older["id"]) == ("look", messages[7].tool_call_id)


def test_the_time_is_that_of_the_object_id() -> None:
    assert trip().messages[0].at == datetime(2024, 4, 9, 14, 32, 5, tzinfo=UTC)
    assert trip().messages[2].model == "gpt-4o-mini"


@pytest.mark.parametrize("history", ["{", "5", '{"type": "human"}', None, '{"data": 5}'])
def test_what_is_no_message_is_refused(history: Any) -> None:
    with pytest.raises(InvalidInput, match="session s, message 1: no"):
        langchain.from_documents("s", [{"SessionId": "s", "History": history}])
