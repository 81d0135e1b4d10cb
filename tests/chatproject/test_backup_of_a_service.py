"""A service is backed up and restored elsewhere while people go on talking to it."""

import json
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import postgresql
from tests.chatproject.conftest import Service, manage
from tests.waiting import Threads

ACCOUNT = {"username": "alice", "password": "a long enough secret"}
# They are kept apart from the data, and are the same.
KEYS = {"SECRET_KEY": "s" * 50, "JWT_SIGNING_KEY": "j" * 50}
UNLIMITED = dict.fromkeys(("THROTTLE_USER", "THROTTLE_ANON"), "")


class Writer:
    """Stores each message in one session and then in another, until told to stop."""

    def __init__(self, service: Service) -> None:
        self.token = service.post("/auth/register", ACCOUNT)["access"]
        self.ids = [service.post("/session/create", {}, self.token)["session_id"] for _ in "ab"]
        self.stopped = threading.Event()
        self._service = service

    def write(self) -> int:
        number = 0
        while not self.stopped.is_set():
            number += 1
            for session_id in self.ids:
                message = {"content": f"message {number}"}
                self._service.post(f"/session/{session_id}/message", message, self.token)
        return number


def messages(service: Service, session_id: str, token: str) -> list[str]:
    contents: list[str] = []
    while True:
        page = service.get(
            f"/session/{session_id}/messages?limit=100&after={len(contents)}", token
        ).json()["results"]
        if not page:
            return contents
        contents += [message["content"] for message in page]


@pytest.fixture
def in_postgresql() -> Iterator[dict[str, str]]:
    with postgresql.running() as server:
        yield {"DATABASE_URL": server.url}


# In short, without processes: tests/commands/test_backup.py.
@pytest.mark.slow
@pytest.mark.parametrize("moved_to", ["PostgreSQL", "SQLite"])
def test_it_is_restored_into_an_empty_installation_while_the_old_one_is_written_to(
    serve: Any, data_dir: Path, tmp_path: Path, in_postgresql: dict[str, str], moved_to: str
) -> None:
    here, there = (KEYS, KEYS | in_postgresql)
    if moved_to == "SQLite":
        here, there = there, here
    old = serve(**UNLIMITED, **here).ready(240)
    writer = Writer(old)
    elsewhere, backup = tmp_path / "elsewhere", str(tmp_path / "backup")
    with Threads(1) as pool:
        writing = pool.submit(writer.write)
        try:
            made = manage(data_dir, "backup", backup, "--json", **here)
            assert made.returncode == 0, made.stderr
            elsewhere.mkdir(mode=0o700)
            restored = manage(elsewhere, "restore", backup, "--json", **there)
            assert restored.returncode == 0, restored.stderr
        finally:
            writer.stopped.set()
        written = writing.result()
    assert json.loads(restored.stdout)["findings"] == []

    new = serve(elsewhere, **UNLIMITED, **there).ready(240)
    token = new.post("/auth/token", ACCOUNT)["access"]
    first, second = (messages(new, session_id, token) for session_id in writer.ids)
    # Of one moment: whatever the second session has, the first one had before.
    assert first == [f"message {n}" for n in range(1, len(first) + 1)]
    assert second == first[: len(second)]
    assert len(first) - len(second) in {0, 1}
    assert 0 < len(first) <= written
    # And it goes on.
    new.post(f"/session/{writer.ids[0]}/message", {"content": "here"}, token)
    assert old.end(signal.SIGINT) == new.end(signal.SIGINT) == 0
