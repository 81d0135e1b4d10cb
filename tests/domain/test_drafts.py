"""The rules a message must meet before it is stored."""

import pytest

from sessions_app.domain import drafts
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import InvalidInput, TooLarge

CALLS = [{"id": "call_1", "type": "function"}]


def draft(role=Role.USER, content="Hello", **fields):
    return MessageDraft(role=role, content=content, **fields)


@pytest.mark.parametrize(
    "good",
    [
        draft(),
        draft(Role.SYSTEM),
        draft(Role.ASSISTANT),
        draft(Role.ASSISTANT, "", tool_calls=CALLS),
        draft(Role.ASSISTANT, "One moment.", tool_calls=CALLS),
        draft(Role.TOOL, tool_call_id="call_1"),
        draft(content=" "),
    ],
)
def test_a_message_as_it_should_be_passes(good):
    drafts.check(good, max_chars=100)


@pytest.mark.parametrize(
    ("bad", "attr"),
    [
        (draft(content=""), "content"),
        (draft(Role.ASSISTANT, "", tool_calls=[]), "content"),
        (draft(Role.TOOL, "", tool_call_id="call_1"), "content"),
        (draft(tool_calls=CALLS), "tool_calls"),
        (draft(Role.TOOL, tool_calls=CALLS, tool_call_id="x"), "tool_calls"),
        (draft(Role.TOOL), "tool_call_id"),
        (draft(Role.ASSISTANT, tool_call_id="x"), "tool_call_id"),
    ],
)
def test_another_is_refused_and_the_field_named(bad, attr):
    with pytest.raises(InvalidInput) as caught:
        drafts.check(bad, max_chars=100, path="messages.3.")
    assert caught.value.attr == f"messages.3.{attr}"


@pytest.mark.parametrize("letter", ["x", "🦉"])
def test_the_limit_is_in_characters(letter):
    drafts.check(draft(content=letter * 5), max_chars=5)
    with pytest.raises(TooLarge) as caught:
        drafts.check(draft(content=letter * 6), max_chars=5)
    assert (caught.value.attr, caught.value.detail) == (
        "content",
        "At most 5 characters are allowed.",
    )


def test_the_calls_have_the_limit_too():
    drafts.check(draft(Role.ASSISTANT, tool_calls=CALLS), max_chars=5, tool_call_chars=5)
    with pytest.raises(TooLarge) as caught:
        drafts.check(draft(Role.ASSISTANT, tool_calls=CALLS), max_chars=5, tool_call_chars=6)
    assert caught.value.attr == "tool_calls"


def test_a_batch_may_have_messages_without_keys():
    drafts.check_keys([draft(), draft(), draft(client_id="a"), draft(client_id="b")])


def test_two_messages_of_a_batch_may_not_share_a_key():
    with pytest.raises(InvalidInput) as caught:
        drafts.check_keys([draft(client_id="a"), draft(), draft(client_id="a")])
    assert caught.value.attr == "messages.2.client_id"
