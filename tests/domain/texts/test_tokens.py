"""What a message costs."""

from sessions_app.domain.drafts import message_tokens
from sessions_app.domain.texts.tokens import (
    PER_MESSAGE_OVERHEAD,
    total_window_cost,
    window_cost,
)


def count_words(text: str) -> int:
    return len(text.split())


def test_a_message_costs_its_tokens_and_the_overhead():
    assert window_cost(10) == 10 + PER_MESSAGE_OVERHEAD


def test_an_empty_message_still_costs_the_overhead():
    assert window_cost(0) == PER_MESSAGE_OVERHEAD


def test_the_cost_of_several_messages_is_the_sum_of_each():
    assert total_window_cost([1, 2, 3]) == 6 + 3 * PER_MESSAGE_OVERHEAD


def test_nothing_costs_nothing():
    assert total_window_cost([]) == 0


def test_plain_content_is_counted_as_it_is():
    assert message_tokens(count_words, "one two three") == 3


def test_a_name_is_counted_beside_the_content():
    assert message_tokens(count_words, "one two", name="Ann") == 3


def test_tool_calls_are_counted_as_they_go_over_the_wire():
    call = {"id": "c1", "function": {"name": "search", "arguments": '{"q": "rain"}'}}
    assert message_tokens(len, "", tool_calls=[call]) == len(
        r'{"function":{"arguments":"{\"q\": \"rain\"}","name":"search"},"id":"c1"}'
    )
