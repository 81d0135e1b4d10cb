"""What all conversations of other programs have in common."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.domain.data import Role
from sessions_app.domain.foreign import conversations
from sessions_app.domain.foreign.conversations import Conversation, ForeignMessage
from tests.domain.foreign.files import NOW, records


def greeting(content: str = "hello", **fields: Any) -> Conversation:
    return Conversation("openai", "c", [ForeignMessage(Role.USER, content)], **fields)


def test_ids_follow_from_the_conversation_and_its_owner() -> None:
    first, again, other = (
        records(greeting()),
        records(greeting()),
        records(greeting(), user_id="bob"),
    )
    assert [first[0]["session_id"], first[1]["id"]] == [again[0]["session_id"], again[1]["id"]]
    assert first[0]["session_id"] != other[0]["session_id"]


def test_an_id_is_a_uuid_7_with_the_conversations_time() -> None:
    session_id = records(greeting(created_at=NOW))[0]["session_id"]
    assert session_id[14] == "7"
    assert session_id[19] in "89ab"
    assert int(session_id.replace("-", "")[:12], 16) == NOW.timestamp() * 1_000


def test_a_message_without_a_time_has_that_of_the_one_before() -> None:
    conversation = greeting(created_at=NOW)
    conversation.messages += [
        ForeignMessage(Role.USER, "b", datetime(2027, 1, 1, tzinfo=UTC)),
        ForeignMessage(Role.USER, "c"),
    ]
    assert [r["timestamp"].year for r in records(conversation)[1:]] == [2026, 2027, 2027]


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ("", "empty message"),
        ("\x00", "empty message"),
        ("x" * 1_000_001, "message over 1,000,000 characters"),
    ],
)
def test_what_cannot_be_stored_is_left_and_counted(content: str, left: str) -> None:
    conversation = greeting(content)
    assert records(conversation) == []
    assert conversation.left[left] == conversation.left["conversation without messages"] == 1


def test_a_long_title_is_cut_and_that_is_said() -> None:
    conversation = greeting(title="x" * 201)
    assert len(records(conversation)[0]["title"]) == 200
    assert conversation.left == {"end of a long title": 1}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$oid": "661551650000000000000000"}, "661551650000000000000000"),
        ({"$date": "2026-11-22T00:00:00Z"}, NOW),
        ({"$date": {"$numberLong": "1795305600000"}}, NOW),
        ({"a": [{"$numberInt": "5"}, {"$numberDouble": "0.5"}]}, {"a": [5, 0.5]}),
        ({"$oid": 5}, {"$oid": 5}),
    ],
)
def test_extended_json_becomes_plain(value: Any, expected: Any) -> None:
    assert conversations.plain(value) == expected


@pytest.mark.parametrize("value", ["x", True, None, 1e400, -1e20, float("nan")])
@pytest.mark.parametrize("read", [conversations.seconds_time, conversations.text_time])
def test_what_is_no_time_is_none(read: Callable[[Any], Any], value: Any) -> None:
    assert read(value) is None
