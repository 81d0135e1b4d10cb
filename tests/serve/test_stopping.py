"""Every way a service can end, and that nothing is left of it."""

import os
import signal

import pytest

from chatproject import mongod, mongod_record
from tests.serve.conftest import living, wait_until


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_everything(serve, number):
    service = serve().ready()
    assert service.end(number) == 0
    assert living(service.data_dir) == {}
    assert service.output.endswith("Stopped.\n")


def test_a_signal_while_it_starts_stops_everything(serve):
    service = serve()
    wait_until(lambda: "Starting mongod" in service.output)
    assert service.end() == 0
    assert living(service.data_dir) == {}


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("mongod", "error: mongod has stopped by itself"),
        ("keeper", "error: mongod has stopped by itself"),
        ("server", "error: the server has ended by itself (code -9)"),
        ("worker", "error: the server has ended by itself (code 1)"),
    ],
)
def test_the_death_of_a_part_is_said_and_ends_the_run(serve, part, sentence):
    service = serve().ready()
    os.kill(service.pid(part), signal.SIGKILL)
    assert service.process.wait(60) == 1
    assert service.output.count("error: ") == 1
    assert sentence in service.output
    wait_until(lambda: living(service.data_dir) == {})


def test_nothing_outlives_a_killed_supervisor(serve):
    service = serve().ready()
    os.kill(service.process.pid, signal.SIGKILL)
    service.process.wait()
    wait_until(lambda: living(service.data_dir) == {})


def test_a_start_after_everything_was_killed_finds_the_data(serve):
    service = serve().ready()
    account = {"username": "alice", "password": "a long enough secret"}
    tokens = service.post("/auth/register", account)
    created = service.post("/session/create", {"title": "kept"}, tokens["access"])
    service.kill()
    assert mongod_record.read(service.data_dir) is not None
    assert mongod.endpoint(service.data_dir) is None

    again = serve(PORT=str(service.port)).ready()
    found = again.get(f"/session/{created['session_id']}", tokens["access"])
    assert found.json()["title"] == "kept"
    assert again.post("/auth/token", account)["access"]
