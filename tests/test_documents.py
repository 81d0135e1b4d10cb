"""The documents by themselves, on mongomock: what they declare, and that the codec agrees."""

from datetime import UTC, datetime, timedelta
from typing import Any

import mongomock
import pytest
from mongoengine import FieldDoesNotExist, ValidationError

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
from tests.conftest import use_database

NOW = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
POLICY = ContextPolicy(Strategy.HYBRID, 4_000, 1_000, OnTopicShift.ADJUST)
NEW = NewSession("id-1", "alice", "Lisbon", {"$where": "a.b"}, POLICY, 60, NOW, NOW)


@pytest.fixture
def sessions() -> Any:
    use_database(mongomock.MongoClient(tz_aware=True, uuidRepresentation="standard"), "test")
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


def save(sessions: Any, session_id: str, **fields: Any) -> None:
    stored = codec.encode_session(NEW) | {"_id": session_id} | fields
    sessions._from_son(stored).save(force_insert=True)


@pytest.mark.parametrize("value", ["x" * 1_000, "", "a\x00b"])
def test_an_id_that_could_never_be_stored_finds_nothing(sessions: Any, value: str) -> None:
    save(sessions, "id-1")
    assert sessions.objects(pk=value).first() is None
    assert sessions.objects.owned_by(value).count() == 0
    assert not sessions.objects.exists(pk=value)


def test_a_document_with_a_field_of_a_newer_version_is_read(sessions: Any) -> None:
    documents.collection(sessions).insert_one(codec.encode_session(NEW) | {"newer": {"a": 1}})
    assert sessions.objects.get().title == "Lisbon"


def test_a_field_that_is_not_declared_cannot_be_written() -> None:
    with pytest.raises(FieldDoesNotExist):
        documents.Session(session_id="id-1", colour="red")


def test_a_walk_by_a_date_goes_on_behind_a_position_in_either_direction(sessions: Any) -> None:
    later = NOW + timedelta(seconds=1)
    for session_id, at in (("a", NOW), ("b", NOW), ("c", NOW), ("d", later)):
        save(sessions, session_id, updated_at=at)

    def walk(**options: Any) -> list[str]:
        return [each.session_id for each in sessions.objects.walk_by("updated_at", **options)]

    assert walk(after=None) == ["a", "b", "c", "d"]
    assert walk(after=(NOW, "b")) == ["c", "d"]
    assert walk(after=(NOW, "b"), descending=True) == ["a"]
    assert walk(after=(later, "d"), descending=True) == ["c", "b", "a"]
    assert [each.session_id for each in sessions.objects.walk(after="b")] == ["c", "d"]


def test_named_conditions_and_orders_can_be_chained(sessions: Any) -> None:
    save(sessions, "a", updated_at=NOW, expires_at=NOW + timedelta(days=1))
    save(sessions, "b", updated_at=NOW + timedelta(seconds=1), expires_at=None)
    save(sessions, "expired", expires_at=NOW)
    save(sessions, "archived", status="archived")
    save(sessions, "bob's", user_id="bob")

    def newest() -> Any:
        return sessions.objects.owned_by("alice").active().unexpired(NOW).newest_first()

    assert [each.session_id for each in newest()] == ["b", "a"]
    assert [each["_id"] for each in newest().headers()] == ["b", "a"]
    assert all("messages" not in each for each in newest().headers())


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
