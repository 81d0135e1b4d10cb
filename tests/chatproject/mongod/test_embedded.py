"""The embedded mongod: who starts it, who stops it, and what it survives."""

import os
import shutil
import signal
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure
from pymongo.uri_parser import parse_uri

from chatproject.mongod import embedded as mongod
from chatproject.mongod import launch as mongod_launch
from chatproject.mongod import record as mongod_record
from chatproject.mongod import replica_set as mongod_replica_set
from tests.chatproject.conftest import ROOT, living
from tests.waiting import PATIENCE, line_of, wait_until

USER = """
import sys
from pathlib import Path
from chatproject.mongod import embedded as mongod
with mongod.running(Path(sys.argv[1])) as address:
    print(address, flush=True)
    sys.stdin.read()
"""


class User:
    """Another process that uses the database until it is told to leave."""

    def __init__(self, data_dir: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", USER, data_dir],
            cwd=ROOT,
            env=os.environ | {"DATA_DIR": str(data_dir)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.address = line_of(self.process.stdout).strip()

    def leave(self) -> None:
        self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=PATIENCE)


@pytest.fixture(autouse=True)
def nothing_is_left(data_dir, monkeypatch):
    monkeypatch.setenv("DATA_DIR", str(data_dir))
    yield
    left = {pid for pid in living(data_dir) if pid != os.getpid()}
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left


def port(address: str) -> int:
    return int(parse_uri(address)["nodelist"][0][1])


def record(data_dir: Path) -> mongod_record.Record:
    found = mongod_record.read(data_dir)
    assert found is not None
    return found


def note(address: str) -> int:
    """Leave a note in the database, and count all."""
    with MongoClient(address) as client:
        client.notes.notes.insert_one({})
        return client.notes.notes.count_documents({})


Mute = socketserver.BaseRequestHandler


@contextmanager
def another_program(port: int) -> Iterator[None]:
    """Listens on `port`, and hangs up on what it does not understand."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", port), Mute) as it:
        threading.Thread(target=it.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield
        finally:
            it.shutdown()


def test_it_runs_as_long_as_it_is_used(data_dir):
    assert mongod.endpoint(data_dir) is None
    with mongod.running(data_dir) as address:
        assert mongod.endpoint(data_dir) == address
        assert note(address) == 1
    assert mongod.endpoint(data_dir) is None
    with mongod.running(data_dir) as again:
        assert again == address
        assert note(again) == 2


def test_users_share_it_and_the_last_one_out_stops_it(data_dir):
    first = User(data_dir)
    second = User(data_dir)
    assert first.address == second.address == mongod.endpoint(data_dir)
    first.leave()
    assert note(second.address) == 1
    second.leave()
    assert mongod.endpoint(data_dir) is None


def test_users_that_come_together_start_one(data_dir):
    code = [sys.executable, "-c", USER, data_dir]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "cwd": ROOT}
    users = [subprocess.Popen(code, **pipes) for _ in range(4)]
    addresses = {line_of(user.stdout) for user in users}
    for user in users:
        user.communicate(timeout=PATIENCE)
    assert len(addresses) == 1
    assert mongod.endpoint(data_dir) is None


def test_a_killed_starter_does_not_take_it_from_the_others(data_dir):
    starter = User(data_dir)
    other = User(data_dir)
    starter.kill()
    assert note(other.address) == 1
    other.leave()


def test_a_newcomer_during_the_stop_gets_a_new_one(data_dir):
    User(data_dir).kill()
    with mongod.running(data_dir) as address:
        assert note(address) == 1


def test_a_stale_record_and_lock_are_ignored(data_dir):
    user = User(data_dir)
    assert note(user.address) == 1
    for pid in (record(data_dir).keeper, record(data_dir).pid, user.process.pid):
        os.kill(pid, signal.SIGKILL)
    user.process.communicate(timeout=PATIENCE)
    wait_until(lambda: mongod.endpoint(data_dir) is None)
    assert (data_dir / "mongo" / "mongod.lock").read_text()
    with mongod.running(data_dir) as address:
        assert note(address) == 2


def test_a_record_that_names_another_process_is_ignored(data_dir):
    data_dir.mkdir()
    mongod_record.write(data_dir, mongod_record.Record(os.getpid(), os.getppid(), 20_000))
    assert mongod.endpoint(data_dir) is None


def test_a_damaged_record_is_ignored(data_dir):
    data_dir.mkdir()
    (data_dir / "mongod.json").write_text('{"pid"')
    with mongod.running(data_dir) as address:
        assert note(address) == 1


def test_a_mongod_without_its_keeper_is_replaced(data_dir):
    user = User(data_dir)
    assert note(user.address) == 1
    orphan = psutil.Process(record(data_dir).pid)
    # Stopped, it cannot follow its keeper, as where the kernel does not tell it.
    os.kill(orphan.pid, signal.SIGSTOP)
    os.kill(record(data_dir).keeper, signal.SIGKILL)
    user.kill()
    assert orphan.is_running()
    os.kill(orphan.pid, signal.SIGCONT)
    with mongod.running(data_dir) as address:
        assert note(address) == 2
        assert record(data_dir).pid != orphan.pid


def test_it_moves_when_its_port_was_taken(data_dir):
    with mongod.running(data_dir) as before:
        assert note(before) == 1
    with another_program(record(data_dir).port), mongod.running(data_dir) as after:
        assert after != before
        assert note(after) == 2
    with mongod.running(data_dir) as later:
        assert later == after


@pytest.mark.slow  # mongod gives who has its old port half a minute to say whether it is itself
def test_it_moves_when_a_silent_program_took_its_port(data_dir):
    with mongod.running(data_dir) as before:
        assert note(before) == 1
    silent = socket.create_server(("127.0.0.1", record(data_dir).port))
    with silent, mongod.running(data_dir) as after:
        assert note(after) == 2


def test_it_moves_when_another_replica_set_took_its_port(data_dir, tmp_path):
    with mongod.running(data_dir) as before:
        assert note(before) == 1
    other = tmp_path / "other"
    other.mkdir()
    mongod_record.write(other, record(data_dir))
    with mongod.running(other) as there, mongod.running(data_dir) as here:
        assert port(there) == port(before) != port(here)
        assert note(there) == 1
        assert note(here) == 2


def test_it_tries_another_port_when_somebody_is_faster(data_dir, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as faster:
        ports = iter([faster.getsockname()[1], mongod_replica_set.choose_port()])
        monkeypatch.setattr(mongod_replica_set, "choose_port", lambda: next(ports))
        with mongod.running(data_dir) as address:
            assert note(address) == 1


def test_a_copy_of_the_data_directory_is_a_backup(data_dir, tmp_path):
    with mongod.running(data_dir) as address:
        assert note(address) == 1
    shutil.copytree(data_dir, tmp_path / "copy")
    with mongod.running(tmp_path / "copy") as copied, mongod.running(data_dir) as address:
        assert note(copied) == note(address) == 2


def test_a_long_log_is_put_aside(data_dir, monkeypatch):
    monkeypatch.setattr(mongod_launch, "_LOG_MAX_BYTES", 10)
    data_dir.mkdir()
    (data_dir / "mongod.log").write_text("a very long log")
    with mongod.running(data_dir):
        assert "very long" not in (data_dir / "mongod.log").read_text()
    assert (data_dir / "mongod.log.1").read_text() == "a very long log"


def test_a_throwaway_one_can_be_told_to_fail(tmp_path):
    with mongod.throwaway(tmp_path) as address, MongoClient(address) as client:
        point = {"mode": "alwaysOn", "data": {"failCommands": ["ping"], "errorCode": 1}}
        assert client.admin.command("configureFailPoint", "failCommand", **point)["ok"]


def test_nobody_reads_it_without_the_key(data_dir):
    with mongod.running(data_dir) as address:
        note(address)
        with MongoClient("127.0.0.1", port(address), directConnection=True) as stranger:
            for name in ("listDatabases", "getCmdLineOpts", "shutdown"):
                with pytest.raises(OperationFailure, match="auth"):
                    stranger.admin.command(name)
            with pytest.raises(OperationFailure, match="auth"):
                stranger.notes.notes.find_one()
            # The exception for the first user from this machine does not apply either.
            with pytest.raises(OperationFailure, match="auth"):
                stranger.admin.command("createUser", "me", pwd="x", roles=["root"])


def test_only_its_user_reads_its_key_and_its_files(data_dir):
    with mongod.running(data_dir):
        names = ["mongod.key", "mongod.log", "mongo"]
        open_to_others = [name for name in names if (data_dir / name).stat().st_mode & 0o077]
    assert open_to_others == []


def test_it_has_the_same_key_the_next_time(data_dir):
    with mongod.running(data_dir) as first:
        note(first)
    with mongod.running(data_dir) as second:
        assert note(second) == 2
