"""The documents by themselves, on mongomock: what they declare, and that the codec agrees."""

from datetime import UTC, datetime
from typing import Any

import mongomock
import pytest
from mongoengine import ValidationError

from sessions_app import documents
from sessions_app.domain.data import (
    ContextPolicy,
    NewSession,
    OnTopicShift,
    Role,
    Strategy,
)
from sessions_app.domain.drafts import NewMessage
from sessions_app.repository.log import codec

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
POLICY = ContextPolicy(Strategy.HYBRID, 4_000, 1_000, OnTopicShift.ADJUST)
NEW = NewSession("id-1", "alice", "Lisbon", {"$where": "a.b"}, POLICY, 60, NOW, NOW)


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> Any:
    client: Any = mongomock.MongoClient(tz_aware=True, uuidRepresentation="standard")
    monkeypatch.setattr(documents.Session, "_collection", client.test.sessions)
    return documents.Session


def message(**fields: Any) -> dict[str, Any]:
    given = {"id": "msg_1", "role": Role.USER, "content": "Hi", "token_count": 1}
    return codec.encode_message(NewMessage(**{**given, "timestamp": NOW, **fields}))


def test_what_the_codec_writes_is_a_valid_document(sessions: Any) -> None:
    stored = codec.encode_session(NEW) | {"messages": [message()], "message_count": 1}
    sessions._from_son(stored).save(force_insert=True)
    found = sessions.objects(user_id="alice").get()
    assert (found.session_id, found.title, found.messages[0].content) == ("id-1", "Lisbon", "Hi")


def test_what_a_document_saves_the_codec_reads(sessions: Any) -> None:
    sessions._from_son(codec.encode_session(NEW)).save(force_insert=True)
    read = codec.decode_session(sessions.objects.as_pymongo().get())
    assert (read.session_id, read.metadata, read.context_policy) == (
        "id-1",
        {"$where": "a.b"},
        POLICY,
    )
    assert (read.ttl_seconds, read.expires_at, read.created_at) == (60, NOW, NOW)


@pytest.mark.parametrize(
    "wrong",
    [
        {"status": "sleeping"},
        {"user_id": None},
        {"title": "x" * 201},
        {"tail_start": 0},
        {"context_policy": {"strategy": "newest", "max_tokens": 64}},
    ],
)
def test_a_document_that_breaks_its_fields_is_not_saved(sessions: Any, wrong: Any) -> None:
    broken = sessions._from_son(codec.encode_session(NEW) | wrong)
    with pytest.raises(ValidationError):
        broken.save(force_insert=True)
    assert sessions.objects.count() == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "robot"},
        {"token_count": -1},
        {"id": None},
        {"client_id": "x" * 129},
        {"seq": 1},
    ],
)
def test_a_message_that_breaks_its_fields_is_not_written(wrong: Any) -> None:
    with pytest.raises(ValidationError):
        codec.validate_message(message() | wrong)


def test_a_message_comes_back_as_it_was_given() -> None:
    calls = [{"id": "c", "type": "function", "$ref": 1, "$id": 2.0}]
    stored = message(
        role=Role.ASSISTANT, content="", tool_calls=calls, metadata={"a.b": "$c"}, client_id="k"
    )
    read = codec.decode_message(stored, 7)
    assert (read.seq, read.tool_calls, read.metadata, read.client_id) == (
        7,
        calls,
        {"a.b": "$c"},
        "k",
    )


def test_a_tombstone_keeps_its_place_and_nothing_said() -> None:
    stored = message(content="secret", name="Ann", metadata={"a": "b"}, client_id="k")
    assert codec.tombstone(stored) == {
        "id": "msg_1",
        "role": "user",
        "timestamp": NOW,
        "client_id": "k",
        "content": "",
        "token_count": 0,
        "deleted": True,
    }
