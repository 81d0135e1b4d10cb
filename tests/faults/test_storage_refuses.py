"""A database that cannot write, or not be written: 503, nothing half-done, then as before."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from pymongo import MongoClient

from chatproject.databases import mongo
from sessions_app.repository import indexes
from sessions_app.services.audits import integrity
from tests.conftest import Create, Person, error, person, use_database
from tests.faults.replica_set import ReplicaSet

UNAVAILABLE = error(
    "storage_unavailable",
    "Storage is unavailable at the moment; try again.",
    kind="server_error",
)
OUT_OF_DISK_SPACE, UNAUTHORIZED = 14031, 13
WRITES = ["insert", "update", "delete", "findAndModify"]


@contextmanager
def failing(client: "MongoClient[Any]", commands: list[str], code: int) -> Iterator[None]:
    """MongoDB's own failpoint: these commands answer with `code`."""
    data = {"failCommands": commands, "errorCode": code}
    client.admin.command("configureFailPoint", "failCommand", mode="alwaysOn", data=data)
    try:
        yield
    finally:
        client.admin.command("configureFailPoint", "failCommand", mode="off")


def assert_unavailable(response: Any) -> None:
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "2"
    assert response.json() == UNAVAILABLE


@pytest.mark.parametrize("code", [OUT_OF_DISK_SPACE, UNAUTHORIZED])
def test_a_write_that_mongodb_refuses_is_503_and_stores_nothing(
    alice: Person, create: Create, mongo_client: Any, code: int
) -> None:
    path = f"/session/{create()['session_id']}"
    with failing(mongo_client, WRITES, code):
        assert_unavailable(alice.client.post(f"{path}/message", {"content": "hello"}))
        assert_unavailable(alice.client.patch(path, {"title": "new"}))
        assert_unavailable(alice.client.post(f"{path}/archive"))
        assert_unavailable(alice.client.delete(path))
        assert_unavailable(alice.client.post("/session/create", {}))
    read = alice.client.get(path).json()
    assert (read["message_count"], read["title"], read["status"]) == (0, "", "active")
    assert alice.client.post(f"{path}/message", {"content": "hello"}).json()["seq"] == 1


def test_reading_goes_on_while_the_disk_is_full(
    alice: Person, create: Create, mongo_client: Any
) -> None:
    path = f"/session/{create(system_prompt='Be brief.')['session_id']}"
    with failing(mongo_client, WRITES, OUT_OF_DISK_SPACE):
        assert alice.client.get(path).json()["messages"][0]["content"] == "Be brief."
        assert alice.client.get("/session").status_code == 200


def test_a_spill_that_cannot_be_written_does_not_refuse_the_append(
    alice: Person, create: Create, mongo_client: Any
) -> None:
    session_id = create(messages=[{"content": f"m{n}"} for n in range(128)])["session_id"]
    with failing(mongo_client, ["insert"], OUT_OF_DISK_SPACE):
        response = alice.client.post(f"/session/{session_id}/message", {"content": "m128"})
    assert (response.status_code, response.json()["seq"]) == (201, 129)
    assert alice.client.post(f"/session/{session_id}/message", {"content": "m129"}).json()["seq"]
    assert list(integrity.integrity_check(repair=False, progress=lambda _: None)) == []


def test_without_a_majority_it_says_so_and_recovers(replica_set: ReplicaSet) -> None:
    client = person().client
    session_id = client.post("/session/create", {}).json()["session_id"]
    first, second, _ = replica_set.members
    for member in (first, second):
        member.kill()
    message = {"content": "hello", "client_id": "key"}
    assert_unavailable(client.post(f"/session/{session_id}/message", message))
    assert_unavailable(client.post(f"/session/{session_id}/message", message))
    for member in (first, second):
        member.start()
    replica_set.wait_until_whole()
    assert client.post(f"/session/{session_id}/message", message).status_code in {200, 201}
    assert client.get(f"/session/{session_id}").json()["message_count"] == 1


def test_building_an_index_may_take_longer_than_an_operation(database: Any, mongod_uri: str):
    client: MongoClient[Any] = MongoClient(mongod_uri, **mongo.client_options(timeout_ms=400))
    slow = {"failCommands": ["createIndexes"], "blockConnection": True, "blockTimeMS": 1_000}
    use_database(client, database.name)
    try:
        client.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=slow)
        assert indexes.ensure().keys() == indexes.declared().keys()
        assert indexes.differences() == []
    finally:
        client.admin.command("configureFailPoint", "failCommand", mode="off")
        use_database(database.client, database.name)
        client.close()
