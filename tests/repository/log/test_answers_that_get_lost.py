"""An append whose answer gets lost is sent again by itself, and stored once."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo.database import Database
from pymongo.errors import AutoReconnect, NetworkTimeout

from sessions_app.domain.errors import StorageUnavailable
from sessions_app.repository.log import headers, spilled_keys
from tests.repository.conftest import append, append_many, new_session, read_all

SHUTTING_DOWN = 91


@contextmanager
def failing_once(client: Any, **how: Any) -> Iterator[None]:
    """MongoDB's own failpoint, for the next `findAndModify`."""
    data = {"failCommands": ["findAndModify"], **how}
    client.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=data)
    try:
        yield
    finally:
        client.admin.command("configureFailPoint", "failCommand", mode="off")


@contextmanager
def losing_the_answer(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Any = lambda: None, error: Any = AutoReconnect
) -> Iterator[None]:
    """The next command is carried out, `meanwhile` happens, and then the connection breaks."""
    original = Database.command
    lost: list[Any] = []

    def command(self: Any, sent: Any, *args: Any, **more: Any) -> Any:
        answer = original(self, sent, *args, **more)
        if "findAndModify" in sent and not lost:
            lost.append(answer)
            meanwhile()
            raise error("the connection broke")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(Database, "command", command)
        yield
    assert lost, "no command was sent"


def contents(session_id: str) -> list[str]:
    return [message.content for message in read_all(session_id)]


@pytest.mark.mongod("MongoDB's failpoints")
@pytest.mark.parametrize("key", [None, "key"])
@pytest.mark.parametrize(
    "how",
    [
        # Before it is carried out, by a server that is no primary any more or that goes away; and
        # after it has been carried out.
        {"errorCode": 10107},
        {"closeConnection": True},
        {"writeConcernError": {"code": SHUTTING_DOWN, "errmsg": "shutting down"}},
    ],
    ids=["not the primary", "connection closed", "stored all the same"],
)
def test_it_is_stored_once(database: Any, mongo_client: Any, key: str | None, how: Any) -> None:
    session_id = new_session().session_id
    append(session_id, "first")
    with failing_once(mongo_client, **how):
        assert append(session_id, "second", key).seq == 2
    assert append(session_id, "third").seq == 3
    assert contents(session_id) == ["first", "second", "third"]


@pytest.mark.mongod("the driver's own commands")
@pytest.mark.parametrize("key", [None, "key"])
def test_it_is_found_where_others_have_moved_it_to_a_bucket(
    database: Any, monkeypatch: pytest.MonkeyPatch, key: str | None
) -> None:
    session_id = new_session().session_id
    append_many(session_id, [f"message {n}" for n in range(1, 100)])
    remembered = headers.memory.recall(session_id)

    def move() -> None:
        """As another worker, whose memory is its own."""
        append_many(session_id, [f"message {n}" for n in range(101, 201)])
        append_many(session_id, ["message 201"])
        spilled_keys.forget()
        headers.memory.remember(session_id, tail_start=remembered.tail_start, ttl_seconds=None)

    with losing_the_answer(monkeypatch, move):
        assert append(session_id, "message 100", key).seq == 100
    assert contents(session_id) == [f"message {n}" for n in range(1, 202)]


@pytest.mark.mongod("the driver's own commands")
def test_it_is_not_sent_again_when_its_time_is_over(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_id = new_session().session_id
    with (
        pytest.raises(StorageUnavailable),
        losing_the_answer(monkeypatch, error=NetworkTimeout),
    ):
        append(session_id, "first", "key")
    # Whoever comes again with the key learns that it was stored.
    assert append(session_id, "first", "key").seq == 1
    assert contents(session_id) == ["first"]
