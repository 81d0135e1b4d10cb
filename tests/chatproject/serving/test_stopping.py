"""Every way a service can end, and that nothing is left of it."""

import os
import signal
import subprocess
import sys

import pytest

from chatproject.mongod import embedded as mongod
from chatproject.mongod import record as mongod_record
from chatproject.mongod.replica_set import choose_port
from tests.chatproject.conftest import ROOT, environment, living
from tests.waiting import started, wait_until


def test_sigterm_stops_everything(serve):
    service = serve(WORKERS="2").ready()
    assert service.end(signal.SIGTERM) == 0
    assert living(service.data_dir) == {}
    assert service.output.endswith("Stopped.\n")


def test_ctrl_c_while_it_starts_stops_everything(serve):
    service = serve()
    wait_until(lambda: "Starting mongod" in service.output)
    assert service.end(signal.SIGINT) == 0
    assert living(service.data_dir) == {}


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("mongod", "error: mongod has stopped by itself"),
        ("keeper", "error: mongod has stopped by itself"),
        ("server", "error: the server has ended by itself (code -9)"),
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
    service.process.wait(60)
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


def test_it_follows_the_process_that_started_it_when_asked_to(data_dir):
    start = f"{sys.executable} manage.py serve --follow-parent & wait"
    with started(
        ["/bin/sh", "-c", start],
        cwd=ROOT,
        env=environment(data_dir, PORT=str(choose_port())),
        stdout=subprocess.PIPE,
    ) as parent:
        wait_until(lambda: mongod.endpoint(data_dir))
        parent.kill()
    wait_until(lambda: living(data_dir) == {})
