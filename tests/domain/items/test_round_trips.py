"""Whatever is sent as items comes back as it came."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.items import items_of, read_items
from tests.domain.items.conftest import as_message, as_messages

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20)
NAMES = st.text("abcdefgh_", min_size=1, max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
FURTHER = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["in_progress", "completed", "incomplete"]),
        "phase": st.sampled_from(["commentary", "final_answer"]),
        "x_further": JSON.filter(lambda value: value is not None),
    },
)


def with_further(item: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.tuples(item, FURTHER).map(lambda pair: pair[1] | pair[0])


PARTS = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(["input_text", "text"]), "text": TEXT}),
    st.fixed_dictionaries({"type": st.just("refusal"), "refusal": TEXT}),
    st.fixed_dictionaries(
        {"type": st.just("output_text"), "text": TEXT, "annotations": st.lists(JSON, max_size=2)},
        optional={"logprobs": st.lists(JSON, max_size=1)},
    ),
    st.fixed_dictionaries({"type": st.just("input_image"), "image_url": TEXT, "detail": NAMES}),
    st.fixed_dictionaries({"type": st.just("input_file"), "file_id": NAMES}),
)
MESSAGES = with_further(
    st.fixed_dictionaries(
        {
            "type": st.just("message"),
            "role": st.sampled_from(["user", "assistant", "system", "developer"]),
            "content": st.lists(PARTS, min_size=1, max_size=3),
        }
    )
)
CALLS = with_further(
    st.fixed_dictionaries(
        {"type": st.just("function_call"), "call_id": NAMES, "name": NAMES, "arguments": TEXT}
    )
) | with_further(
    st.fixed_dictionaries(
        {"type": st.just("custom_tool_call"), "call_id": NAMES, "name": NAMES, "input": TEXT}
    )
)
OUTPUTS = with_further(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["function_call_output", "custom_tool_call_output"]),
            "call_id": NAMES,
            "output": TEXT | st.lists(PARTS, min_size=1, max_size=3),
        }
    )
)
THOUGHTS = with_further(
    st.fixed_dictionaries(
        {
            "type": st.just("reasoning"),
            "summary": st.lists(
                st.fixed_dictionaries({"type": st.just("summary_text"), "text": TEXT}), max_size=2
            ),
        },
        optional={
            "content": st.lists(
                st.fixed_dictionaries({"type": st.just("reasoning_text"), "text": TEXT}), max_size=2
            ),
            "encrypted_content": TEXT,
        },
    )
)
OPAQUE = st.dictionaries(NAMES, JSON, max_size=4).map(
    lambda item: item | {"type": "web_search_call"}
)
ITEMS = st.lists(MESSAGES | CALLS | OUTPUTS | THOUGHTS | OPAQUE, min_size=1, max_size=8)


def is_whole(given: Any, read: Any) -> bool:
    """Whether `read` has all that was `given`: more than that are members that were left out."""
    if isinstance(given, dict) and isinstance(read, dict):
        return all(name in read and is_whole(value, read[name]) for name, value in given.items())
    if isinstance(given, list) and isinstance(read, list):
        return len(given) == len(read) and all(map(is_whole, given, read))
    return type(given) is type(read) and given == read


@given(ITEMS)
def test_items_come_back_in_order_and_whole(items: list[dict[str, Any]]) -> None:
    read = [item for message in as_messages(items) for item in items_of(message)]
    assert len(read) == len(items)
    for sent, came in zip(items, read, strict=True):
        assert is_whole(sent, came), (sent, came)


@given(ITEMS)
def test_what_came_back_and_is_sent_again_comes_back_the_same(items: list[dict[str, Any]]) -> None:
    read = [item for message in as_messages(items) for item in items_of(message)]
    again = [item for message in as_messages(read) for item in items_of(message)]
    assert again == read


@given(OPAQUE)
def test_an_opaque_item_gains_nothing_but_an_id(item: dict[str, Any]) -> None:
    [draft] = read_items([item], "items").drafts
    [read] = items_of(as_message(draft))
    assert {name: value for name, value in read.items() if name != "id" or "id" in item} == item


@given(ITEMS)
def test_the_items_of_a_conversation_have_ids_of_their_own(items: list[dict[str, Any]]) -> None:
    ids = [item["id"] for message in as_messages(items) for item in items_of(message)]
    assert len(set(ids)) == len(ids)
