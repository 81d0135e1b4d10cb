"""One item of a message can go without the others."""

from typing import Any

import pytest

from sessions_app.domain.items import items_of, without_item
from tests.domain.items.conftest import as_messages

ANSWER: list[dict[str, Any]] = [
    {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "x"},
    {"id": "msg_1", "type": "message", "role": "assistant", "content": "Wait."},
    {
        "type": "function_call",
        "call_id": "a",
        "name": "f",
        "arguments": "{}",
        "status": "incomplete",
    },
    {"type": "function_call", "call_id": "b", "name": "f", "arguments": "{}", "signature": "s"},
]


@pytest.mark.parametrize("position", range(len(ANSWER)))
def test_the_other_items_stay_as_they_are(position: int) -> None:
    [message] = as_messages(ANSWER)
    items = items_of(message)
    left = without_item(message, items[position]["id"])
    assert left is not None
    assert items_of(left) == items[:position] + items[position + 1 :]


def test_nothing_is_left_of_a_message_without_its_last_item() -> None:
    [message] = as_messages(ANSWER)
    for item in items_of(message)[:-1]:
        left = without_item(message, item["id"])
        assert left is not None
        message = left
    [last] = items_of(message)
    assert without_item(message, last["id"]) is None


def test_nothing_of_a_removed_call_stays() -> None:
    [message] = as_messages(ANSWER)
    call_id = items_of(message)[3]["id"]
    left = without_item(message, call_id)
    assert left is not None
    assert "signature" not in str(left)
    assert [call["id"] for call in left.tool_calls or ()] == ["a"]
