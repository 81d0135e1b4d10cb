"""Messages of a page are decoded as one by one, and what cannot be read says so."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions_app.domain.data import Role
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.errors import DamagedSession
from sessions_app.repository.log import codec

MOMENT = datetime(2026, 11, 28, tzinfo=UTC)


def stored(**more: Any) -> dict[str, Any]:
    return {"id": "msg_1", "role": "user", "content": "Hello", "timestamp": MOMENT,
            "token_count": 1, **more}  # fmt: skip


members = {
    "client_id": st.text(max_size=3),
    "name": st.text(max_size=3),
    "topic": st.integers(1, 9),
    "topic_shift": st.booleans(),
    "deleted": st.booleans(),
    "metadata": st.just([{"k": "from", "v": "web"}]),
    "superseded_by": st.integers(1, 9),
}
messages = st.fixed_dictionaries({}, optional=members).map(lambda more: stored(**more))


@given(st.lists(messages, max_size=8))
def test_a_page_is_decoded_as_its_messages_are(page: list[dict[str, Any]]):
    one_by_one = [codec.decode_message(each, seq) for seq, each in enumerate(page, 5)]
    assert codec.decode_messages(page, 5) == one_by_one
    assert all(type(each) is type(one_by_one[0]) for each in codec.decode_messages(page, 5))


@pytest.mark.parametrize(
    "broken",
    [{"role": "robot"}, {"role": 7}, {"timestamp": "yesterday"}, {"token_count": "1"}],
    ids=["an unknown role", "no text", "no time", "no number"],
)
def test_a_message_that_cannot_be_read_is_named_wherever_it_stands(broken: dict[str, Any]):
    # What a sound message looks like is known by then.
    assert len(codec.decode_messages([stored(), stored()], 1)) == 2
    with pytest.raises(DamagedSession) as raised:
        codec.decode_messages([stored(), stored(**broken)], 1)
    assert raised.value.problem.startswith("message 2")


json_objects = st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3), max_size=2)
new_members = {
    "client_id": st.text(max_size=3),
    "name": st.text(min_size=1, max_size=3),
    "tool_calls": st.lists(json_objects, max_size=2),
    "tool_call_id": st.text(min_size=1, max_size=3),
    "metadata": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
    "reasoning": st.none() | st.text(max_size=3),
    "extra": st.none() | json_objects,
    "items": st.none() | json_objects,
    "parts": st.none() | st.lists(json_objects, max_size=2),
    "replaces": st.integers(1, 9),
}


@given(st.fixed_dictionaries({}, optional=new_members))
def test_an_append_answers_with_what_reading_it_would_give(more: dict[str, Any]):
    new = NewMessage(
        id="msg_1", role=Role.TOOL, content="Hello", timestamp=MOMENT, token_count=1, **more
    )
    assert codec.appended([new], 7) == [codec.decode_message(codec.encode_message(new), 7)]


def test_one_without_its_id_is_no_plain_message():
    broken = stored()
    del broken["id"]
    with pytest.raises(DamagedSession) as raised:
        codec.decode_messages([broken], 1)
    assert raised.value.problem.startswith("message 1")
