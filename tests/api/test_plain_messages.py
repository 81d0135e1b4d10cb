"""A plain message is taken as the fields would take it, without asking them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError

from sessions_app.api.wire.messages import MessageInput
from sessions_app.domain.limits import CLIENT_ID_MAX_CHARS
from sessions_app.http.input import RefusesUnknown

texts = st.text(max_size=6) | st.sampled_from(
    ["", " ", "\x00", "\x1b[0m", "\ud800", "\n", "a" * 200]
)
roles = st.sampled_from(["system", "user", "assistant", "tool", "User", "", "robot"])
odd = st.none() | st.integers() | st.booleans() | st.lists(texts, max_size=1)
members = {
    "role": roles | odd,
    "content": texts | odd,
    "client_id": texts | odd | st.just("k" * CLIENT_ID_MAX_CHARS),
    "name": texts,
    "metadata": st.dictionaries(texts, texts, max_size=1),
    "titel": texts,
}


def outcome(validate: Any, data: Any) -> Any:
    try:
        return validate(data)
    except ValidationError as error:
        return error.get_full_details()


def by_its_fields(data: Any) -> Any:
    return RefusesUnknown.run_validation(MessageInput(), data)


@given(st.fixed_dictionaries({}, optional=members) | odd | texts)
def test_what_becomes_of_a_message_is_what_its_fields_say(data: Any):
    assert outcome(MessageInput().run_validation, data) == outcome(by_its_fields, data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"content": "Hello"},
        {"role": "assistant", "content": "Hello"},
        {"content": "Hello", "client_id": "k" * CLIENT_ID_MAX_CHARS},
        {"content": "Hello", "client_id": "k" * (CLIENT_ID_MAX_CHARS + 1)},
        {"content": "Hello", "client_id": ""},
        {"content": "Hello", "client_id": None},
        {"content": None},
        {"role": "tool", "content": "\x1b[31mred"},
        {"role": "user", "content": "\x1b[31mred"},
    ],
)
def test_so_do_those_at_the_edges(data: Any):
    assert outcome(MessageInput().run_validation, data) == outcome(by_its_fields, data)


def test_most_messages_ask_no_field(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(RefusesUnknown, "to_internal_value", None)
    plain = {"role": "user", "content": "Hello", "client_id": "a key"}
    assert MessageInput().run_validation(plain) == plain
