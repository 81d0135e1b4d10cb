"""Management commands and the database they need."""

import signal
import subprocess
import sys

import pytest

from chatproject.mongod import embedded as mongod
from tests.chatproject.conftest import ROOT, environment, living, manage
from tests.waiting import line_of, started

LONG_COMMAND = """
import os, sys, time
os.environ["DJANGO_SETTINGS_MODULE"] = "chatproject.settings"
from chatproject import command_line
def work(argv):
    print("working", flush=True)
    # The kernel may hand a signal to a thread of the driver; the handler runs on this one, as soon
    # as it does anything, as every command does all the time.
    while True:
        time.sleep(0.05)
command_line.execute_from_command_line = work
sys.exit(command_line.main(["manage.py", "ensure_indexes"]))
"""


def test_a_command_starts_mongod_for_its_own_duration(data_dir):
    result = manage(data_dir, "ensure_indexes", "--json")
    assert (result.returncode, result.stderr) == (0, "")
    assert (data_dir / "mongo").is_dir()
    assert living(data_dir) == {}


def test_commands_that_run_together_share_one_mongod(data_dir):
    commands = [
        subprocess.Popen(
            [sys.executable, "manage.py", "ensure_indexes"],
            cwd=ROOT,
            env=environment(data_dir),
            stdout=subprocess.DEVNULL,
        )
        for _ in range(2)
    ]
    assert [command.wait(100) for command in commands] == [0, 0]
    assert living(data_dir) == {}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_that_is_stopped_stops_its_mongod(data_dir, number, code):
    with started(
        [sys.executable, "-c", LONG_COMMAND],
        cwd=ROOT,
        env=environment(data_dir),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as command:
        assert line_of(command.stdout) == b"working\n"
        assert mongod.endpoint(data_dir) is not None
        command.send_signal(number)
        assert command.wait(60) == code
        assert command.stderr.read() == b""
    assert living(data_dir) == {}


@pytest.mark.parametrize(
    ("args", "code"),
    [(["ensure_indexes", "--help"], 0), (["ensure_indexes", "--wrong"], 2), (["check"], 0)],
    ids=["help", "wrong usage", "no need"],
)
def test_mongod_is_not_started_for(data_dir, args, code):
    assert manage(data_dir, *args).returncode == code
    assert not (data_dir / "mongo").exists()


def test_a_command_without_a_mongod_says_what_to_do(data_dir):
    result = manage(data_dir, "ensure_indexes", MONGOD_BINARY="/nowhere/mongod")
    assert result.returncode == 1
    assert result.stderr.startswith("error: MONGOD_BINARY /nowhere/mongod does not exist; set ")
    assert result.stderr.count("\n") == 1
