"""Keys that have left the tail are known again, however little of them is remembered."""

import copy
from typing import Any

import pytest

from sessions_app.repository.log import headers, replays, spilled_keys
from sessions_app.services import erasure
from tests.repository.commands import recorder
from tests.repository.conftest import OWNER, append, new_session, now, read_all


@pytest.fixture
def session_id(database: Any) -> str:
    """One with 300 keyed messages, most of them in buckets."""
    session_id = new_session().session_id
    for n in range(300):
        append(session_id, f"message {n}", f"key-{n}")
    return session_id


def lookups(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The keys that are looked for in the buckets from here on."""
    asked: list[Any] = []
    original = replays.find_in_buckets

    def find(session_id: str, keys: Any) -> Any:
        asked.append(list(keys))
        return original(session_id, keys)

    monkeypatch.setattr(replays, "find_in_buckets", find)
    return asked


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_new_key_is_not_looked_for(session_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = lookups(monkeypatch)
    for n in range(300, 500):
        append(session_id, f"message {n}", f"key-{n}")
    assert asked == []


@pytest.mark.mongod("commands are counted")
def test_a_new_key_costs_one_command(session_id: str) -> None:
    append(session_id, "warm", "key-warm")
    recorder.sent.clear()
    recorder.on = True
    append(session_id, "next", "key-next")
    recorder.on = False
    assert [sent.name for sent in recorder.sent] == ["findAndModify"]


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
@pytest.mark.parametrize("forgetting", [True, False])
def test_every_old_key_is_found(session_id: str, forgetting: bool) -> None:
    for n in range(0, 300, 7):
        if forgetting:
            headers.memory.forget()
            spilled_keys.forget()
        assert append(session_id, f"message {n}", f"key-{n}").seq == n + 1
    assert len(read_all(session_id)) == 300


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_what_another_worker_has_spilled_is_learnt(session_id: str) -> None:
    append(session_id, "message 0", "key-0")
    remembered = copy.deepcopy(spilled_keys._sessions[session_id])
    before = headers.memory.recall(session_id)
    for n in range(300, 600):
        append(session_id, f"message {n}", f"key-{n}")
    spilled_keys._sessions[session_id] = remembered
    headers.memory.remember(session_id, tail_start=before.tail_start, ttl_seconds=None)
    for n in range(200, 600, 13):
        assert append(session_id, f"message {n}", f"key-{n}").seq == n + 1


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_erased_messages_keep_their_keys(session_id: str) -> None:
    erasure.message_delete(session_id=session_id, user_id=OWNER, seq=6, now=now())
    spilled_keys.forget()
    assert append(session_id, "message 5", "key-5").deleted


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_gap_in_what_is_read_is_not_trusted(session_id: str, database: Any) -> None:
    database.message_buckets.delete_one({"session_id": session_id})
    spilled_keys.forget()
    assert spilled_keys.may_hold(session_id, ["new"], tail_start=129)


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_a_long_session_is_learnt_step_by_step(
    session_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spilled_keys, "_STEP", 50)
    spilled_keys.forget()
    asked = lookups(monkeypatch)
    for n in range(300, 310):
        append(session_id, f"message {n}", f"key-{n}")
    assert asked == [["key-300"], ["key-301"], ["key-302"]]
    assert append(session_id, "message 1", "key-1").seq == 2


@pytest.mark.mongod("hundreds of messages, for which mongomock takes seconds")
def test_only_so_much_is_remembered(database: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(spilled_keys, "_MOST_KEYS", 100)
    for _ in range(3):
        session_id = new_session().session_id
        for n in range(131):
            append(session_id, f"message {n}", f"key-{n}")
    assert list(spilled_keys._sessions) == [session_id]
