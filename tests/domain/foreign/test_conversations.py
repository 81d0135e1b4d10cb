"""What all conversations of other programs have in common."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.domain.data import Role
from sessions_app.domain.foreign import conversations as foreign
from sessions_app.domain.foreign.conversations import Conversation, ForeignMessage
from tests.domain.foreign.files import NOW, records


def one(content: str = "hello", **fields: Any) -> Conversation:
    return Conversation("openai", "c", [ForeignMessage(Role.USER, content)], **fields)


def test_ids_follow_from_the_conversation_and_its_owner() -> None:
    first, again, other = records(one()), records(one()), records(one(), user_id="bob")
    assert [first[0]["session_id"], first[1]["id"]] == [again[0]["session_id"], again[1]["id"]]
    assert first[0]["session_id"] != other[0]["session_id"]


def test_an_id_is_a_uuid_7_with_the_conversations_time() -> None:
    session_id = records(one(created_at=NOW))[0]["session_id"]
    assert session_id[14] == "7"
    assert session_id[19] in "89ab"
    assert int(session_id.replace("-", "")[:12], 16) == NOW.timestamp() * 1_000


def test_a_message_without_a_time_has_that_of_the_one_before() -> None:
    found = one(created_at=NOW)
    found.messages += [
        ForeignMessage(Role.USER, "b", datetime(2027, 1, 1, tzinfo=UTC)),
        ForeignMessage(Role.USER, "c"),
    ]
    assert [r["timestamp"].year for r in records(found)[1:]] == [2026, 2027, 2027]


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ("", "empty message"),
        ("\x00", "empty message"),
        ("x" * 1_000_001, "message over 1,000,000 characters"),
    ],
)
def test_what_cannot_be_stored_is_left_and_counted(content: str, left: str) -> None:
    found = one(content)
    assert records(found) == []
    assert found.left[left] == found.left["conversation without messages"] == 1


def test_a_long_title_is_cut_and_that_is_said() -> None:
    found = one(title="x" * 201)
    assert len(records(found)[0]["title"]) == 200
    assert found.left == {"end of a long title": 1}


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
    assert foreign.plain(value) == expected


@pytest.mark.parametrize("value", ["x", True, None, 1e400, -1e20, float("nan")])
@pytest.mark.parametrize("read", [foreign.seconds_time, foreign.text_time])
def test_what_is_no_time_is_none(read: Callable[[Any], Any], value: Any) -> None:
    assert read(value) is None
