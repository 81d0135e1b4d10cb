"""The Agents SDK's items."""

from typing import Any

import pytest

from sessions_app.domain.foreign import openai_agents
from tests.domain.foreign.files import contents, load


def test_items_become_messages_and_calls_in_a_row_one_of_them() -> None:
    conversation = openai_agents.from_items(
        "s", [(item, None) for item in load("agents_items.json")]
    )
    assert contents(conversation) == [
        ("user", "What is the weather in Faro and Lagos?"),
        ("assistant", ""),
        ("tool", "Sunny"),
        ("tool", "Cloudy"),
        ("assistant", "Faro is sunny, Lagos cloudy."),
        ("user", "And here?"),
        ("assistant", "I cannot tell."),
    ]
    calls = conversation.messages[1].tool_calls
    assert [call["id"] for call in calls] == ["call_a", "call_b"]
    assert [message.tool_call_id for message in conversation.messages[2:4]] == ["call_a", "call_b"]
    assert conversation.left == {"item: reasoning": 1, "item: web_search_call": 1}
    assert [file.kind for file in conversation.messages[5].files] == ["image"]


@pytest.mark.parametrize("item", [5, None, [], {}, {"type": 5}, {"role": "robot", "content": "x"}])
def test_rubbish_is_counted(item: Any) -> None:
    conversation = openai_agents.from_items("s", [(item, None)])
    assert conversation.messages == []
    assert sum(conversation.left.values()) == 1
