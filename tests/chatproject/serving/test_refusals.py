"""What keeps a service from starting: one sentence each, exit code 1, and nothing left behind."""

import subprocess
from pathlib import Path

import pytest

from chatproject.mongod import binary as mongod_binary
from chatproject.mongod import replica_set as mongod_replica_set
from tests.chatproject.conftest import living, manage
from tests.waiting import started, wait_until

ADVICE = mongod_binary.ADVICE


def refused(data_dir: Path, **more: str) -> str:
    """The only line on stderr."""
    result = manage(data_dir, "serve", **more)
    assert result.returncode == 1, result
    assert "Ready" not in result.stdout
    assert result.stderr.count("\n") == 1, result.stderr
    assert living(data_dir) == {}
    return result.stderr.removesuffix("\n")


@pytest.fixture
def port() -> str:
    return str(mongod_replica_set.choose_port())


@pytest.fixture
def program(tmp_path):
    """Makes a file that stands in for mongod."""

    def make(text: str, mode: int = 0o755) -> str:
        path = tmp_path / "mongod"
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return make


def test_a_mongod_that_is_not_there(data_dir, port):
    assert refused(data_dir, PORT=port, MONGOD_BINARY="/nowhere/mongod") == (
        f"error: MONGOD_BINARY /nowhere/mongod does not exist; {ADVICE}"
    )


def test_a_mongod_that_is_not_executable(data_dir, port, program):
    path = program("", mode=0o644)
    assert refused(data_dir, PORT=port, MONGOD_BINARY=path) == (
        f"error: MONGOD_BINARY {path} is not executable; {ADVICE}"
    )


def test_a_mongod_that_is_no_program(data_dir, port, program):
    path = program("just text")
    assert refused(data_dir, PORT=port, MONGOD_BINARY=path) == (
        f"error: {path} cannot be run (Exec format error); {ADVICE}"
    )


def test_a_mongod_that_ends_at_once(data_dir, port, program):
    path = program("#!/bin/sh\necho I would rather not >&2\nexit 3\n")
    assert refused(data_dir, PORT=port, MONGOD_BINARY=path) == (
        f"error: {path} ended with code 3 while starting (I would rather not); "
        f"see {data_dir}/mongod.log, or {ADVICE}"
    )


def test_a_mongod_for_another_system(data_dir, port, program):
    said = "mongod: /lib/libc.so.6: version `GLIBC_2.99' not found"
    path = program(f'#!/bin/sh\necho "{said.replace("`", chr(92) + "`")}" >&2\nexit 1\n')
    assert refused(data_dir, PORT=port, MONGOD_BINARY=path) == (
        f"error: {path} cannot run on this system ({said}); {ADVICE}"
    )


def test_a_data_directory_that_cannot_be_made(tmp_path, port):
    (tmp_path / "file").touch()
    data_dir = tmp_path / "file" / "data"
    assert refused(data_dir, PORT=port) == (
        f"error: DATA_DIR {data_dir} cannot be written (Not a directory); "
        "set DATA_DIR to a directory that this user may write"
    )


def test_a_data_directory_that_cannot_be_written(port):
    assert refused(Path("/proc/data"), PORT=port) == (
        "error: DATA_DIR /proc/data cannot be written (No such file or directory); "
        "set DATA_DIR to a directory that this user may write"
    )


def test_damaged_database_files(data_dir, port):
    data_dir.mkdir(mode=0o700)
    (data_dir / "mongo").mkdir()
    (data_dir / "mongo" / "WiredTiger.wt").write_bytes(b"not a database" * 1000)
    (data_dir / "mongo" / "WiredTiger.turtle").write_bytes(b"nor this")
    assert refused(data_dir, PORT=port) == (
        f"error: the database files in {data_dir}/mongo are damaged; put a backup in their "
        "place, or remove that directory to start empty"
    )


def test_database_files_that_another_mongod_has_open(data_dir, port, tmp_path):
    dbpath = data_dir / "mongo"
    data_dir.mkdir(mode=0o700)
    dbpath.mkdir()
    foreign_port = mongod_replica_set.choose_port()
    with started(
        [mongod_binary.find(), "--dbpath", dbpath, "--port", str(foreign_port), "--nounixsocket"],
        stdout=subprocess.DEVNULL,
    ) as foreign:
        try:
            wait_until(lambda: mongod_replica_set.answers(foreign_port))
            assert refused(data_dir, PORT=port) == (
                f"error: another mongod has the files in {dbpath} open; stop it, "
                "or set another DATA_DIR"
            )
            assert foreign.poll() is None
            keys = {"SECRET_KEY": "k" * 50, "JWT_SIGNING_KEY": "k" * 50}
            address = f"mongodb://127.0.0.1:{foreign_port}/?directConnection=true"
            assert refused(tmp_path / "other", PORT=port, MONGODB_URI=address, **keys) == (
                f"error: MongoDB at 127.0.0.1:{foreign_port} is neither a replica set nor a "
                "mongos; start it with --replSet and run rs.initiate(), since writes must be "
                "acknowledged by a majority"
            )
        finally:
            foreign.kill()


@pytest.mark.parametrize("setting", ["MONGODB_URI", "DATABASE_URL"])
def test_storage_elsewhere_without_keys(data_dir, port, setting):
    address = {"MONGODB_URI": "mongodb://127.0.0.1:1", "DATABASE_URL": "postgres://127.0.0.1:1/x"}
    assert refused(data_dir, PORT=port, **{setting: address[setting]}) == (
        "error: set SECRET_KEY and JWT_SIGNING_KEY: with MONGODB_URI or DATABASE_URL set, keys "
        "are not generated, because every worker must share them"
    )


def test_an_accounts_database_that_does_not_answer(data_dir, port):
    keys = {"SECRET_KEY": "k" * 50, "JWT_SIGNING_KEY": "k" * 50}
    sentence = refused(data_dir, PORT=port, DATABASE_URL="postgres://127.0.0.1:1/x", **keys)
    assert sentence.startswith("error: the accounts database cannot be used (connection failed")
    assert sentence.endswith("; correct DATABASE_URL, or make DATA_DIR writable")


def test_an_address_of_mongodb_that_makes_no_sense(data_dir, port):
    keys = {"SECRET_KEY": "k" * 50, "JWT_SIGNING_KEY": "k" * 50}
    sentence = refused(data_dir, PORT=port, MONGODB_URI="localhost:27017", **keys)
    assert sentence.startswith("error: MONGODB_URI is not a valid address (Invalid URI scheme")


def test_a_setting_that_makes_no_sense(data_dir):
    assert refused(data_dir, PORT="many") == "error: PORT must be a whole number, not 'many'"


def test_an_address_that_is_not_of_this_machine(data_dir, port):
    assert refused(data_dir, PORT=port, HOST="192.0.2.1") == (
        f"error: cannot listen on 192.0.2.1 port {port} (cannot assign requested address); "
        "stop what uses it, or set PORT (and HOST) to something else"
    )


def test_a_wrong_flag_is_wrong_usage(data_dir):
    assert manage(data_dir, "serve", "--no-such-flag").returncode == 2
