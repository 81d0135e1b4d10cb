"""A PostgreSQL of one's own for a test; where it is not installed, the test is skipped."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from chatproject.mongod.replica_set import choose_port

START_SECONDS = 60
# PostgreSQL refuses to run as root.
_USER = "postgres" if os.geteuid() == 0 else None


@dataclass
class PostgreSQL:
    """A running server, which can be frozen."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> str:
        return f"postgres://postgres@127.0.0.1:{self.port}/postgres"

    def connections(self) -> int:
        """The connections of others than whoever asks."""
        with psycopg.connect(self.url, autocommit=True) as own:
            row = own.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        assert row is not None
        return int(row[0])

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The server and all its processes stand still, as long as the block."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        # Each connection has a process of its own, in a group of its own.
        children = _children(self.process.pid)
        for child in children:
            os.kill(child, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in (*children, self.process.pid):
                os.kill(pid, signal.SIGCONT)


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def _program(name: str) -> str:
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    found = str(places[-1]) if places else shutil.which(name)
    if found is None:
        pytest.skip("PostgreSQL is not installed (Debian, Ubuntu: apt-get install postgresql)")
    return found


@contextmanager
def running(**settings: Any) -> Iterator[PostgreSQL]:
    """A server with an empty database, on a free port; `settings` are its own."""
    initdb, postgres = _program("initdb"), _program("postgres")
    directory = Path(tempfile.mkdtemp(prefix="chat-postgresql-"))
    if _USER:
        shutil.chown(directory, _USER)
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "cwd": "/", "user": _USER}
    data, port = directory / "data", choose_port()
    try:
        subprocess.run(
            [initdb, "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"],
            check=True,
            timeout=START_SECONDS,
            **quiet,
        )
        options = {"port": port, "unix_socket_directories": directory, "fsync": "off", **settings}
        process = subprocess.Popen(
            [postgres, "-D", data, *(f"-c{name}={value}" for name, value in options.items())],
            start_new_session=True,
            stderr=subprocess.DEVNULL,
            **quiet,
        )
        try:
            server = PostgreSQL(port, process)
            _wait_until_it_answers(server)
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)
            process.wait(START_SECONDS)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _wait_until_it_answers(server: PostgreSQL) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            server.connections()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "PostgreSQL did not start"
            time.sleep(0.05)
        else:
            return
