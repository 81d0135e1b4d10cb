"""Two services behind a balancer are replaced, one after the other, under load: nobody notices."""

import itertools
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from tests.chatproject.balancer import Balancer, balancing
from tests.chatproject.conftest import Service, manage
from tests.drills import Saw
from tests.waiting import Threads, wait_until

CLIENTS = 3
UNLIMITED = dict.fromkeys(("THROTTLE_CHAT", "THROTTLE_USER", "THROTTLE_ANON"), "")
# For as long as a balancer takes to look twice, on a machine that does much else.
NOTICE = {"DRAIN_NOTICE_SECONDS": "3"}
# The clients keep one token, which has to last as long as the long form.
TOKENS = {"JWT_ACCESS_MINUTES": "60"}
# Starts are slow where much else runs; nothing is measured by it.
SECONDS = 240


@dataclass
class Pair:
    """Two services on one store, and what they are started with."""

    options: dict[str, str]
    services: list[Service]
    started: list[Service] = field(default_factory=list)

    def replace(self, number: int) -> None:
        """End one with SIGTERM, and start its successor in its place."""
        old = self.services[number]
        assert old.end(signal.SIGTERM) == 0, old.output
        new = Service(old.data_dir, PORT=str(old.port), **self.options).ready(SECONDS)
        self.services[number] = new
        self.started.append(new)


@pytest.fixture
def pair(tmp_path: Path, mongod_uri: str, database_name: str) -> Iterator[Pair]:
    options = {
        "MONGODB_URI": mongod_uri, "MONGODB_DATABASE": f"{database_name}_rolling",
        "SECRET_KEY": "k" * 50, "JWT_SIGNING_KEY": "s" * 50, **UNLIMITED, **NOTICE, **TOKENS,
    }  # fmt: skip
    services = [Service(tmp_path / name, **options) for name in ("a", "b")]
    pair = Pair(options, services, list(services))
    try:
        for service in services:
            service.ready(SECONDS)
        yield pair
    finally:
        for service in pair.started:
            service.kill()
        with MongoClient[Any](mongod_uri) as client:
            client.drop_database(options["MONGODB_DATABASE"])


@dataclass
class Load:
    """Clients that append, read and create until they are told to stop; what was refused."""

    url: str
    token: str
    stopped: threading.Event = field(default_factory=threading.Event)
    refused: list[str] = field(default_factory=list)
    requests: int = 0

    def talk(self, number: int) -> tuple[str, int]:
        """One client's work; its session, and how many messages were acknowledged."""
        with httpx.Client(base_url=self.url, timeout=60) as client:
            client.headers["Authorization"] = f"Bearer {self.token}"
            session = self._sent(client, "POST", "/session/create", {"title": f"{number}"})
            path, count = f"/session/{session['session_id']}", 0
            while not self.stopped.is_set():
                message = {"content": f"message {count + 1}"}
                stored = self._sent(client, "POST", f"{path}/message", message)
                count += bool(stored)
                self._sent(client, "GET", f"{path}/messages?limit=5")
            return session["session_id"], count

    def _sent(self, client: httpx.Client, method: str, path: str, body: Any = None) -> Any:
        self.requests += 1
        try:
            answer = client.request(method, path, json=body)
        except httpx.HTTPError as error:
            self.refused.append(f"{method} {path}: {error!r}")
            return {}
        if not answer.is_success:
            self.refused.append(f"{method} {path}: {answer.status_code} {answer.text}")
            return {}
        return answer.json()


def roll(pair: Pair, balancer: Balancer, load: Load, *, seconds: float) -> None:
    """Replace one service after the other, and again, for so long; and migrate between them."""
    until = time.monotonic() + seconds
    for number in itertools.cycle(range(len(pair.services))):
        pair.replace(number)
        wait_until(lambda: len(balancer.ready) == len(pair.services), SECONDS)
        if number:
            if time.monotonic() >= until:
                return
            continue
        data_dir = pair.services[number].data_dir
        migrated = manage(data_dir, "migrate_store", "--json", **pair.options)
        assert migrated.returncode == 0, migrated.stderr


@pytest.mark.drill(22, "two services are replaced one after the other under load")
@pytest.mark.parametrize("seconds", [0, pytest.param(600, marks=pytest.mark.slow)])
def test_a_rolling_restart_loses_no_request(
    pair: Pair, mongod_uri: str, saw: Saw, seconds: float
) -> None:
    account = {"username": "alice", "password": "a long enough secret"}
    token = pair.services[0].post("/auth/register", account)["access"]
    with balancing([service.url for service in pair.services]) as balancer:
        wait_until(lambda: len(balancer.ready) == 2)
        load = Load(balancer.url, token)
        with Threads(CLIENTS) as pool:
            clients: list[Future[tuple[str, int]]] = [
                pool.submit(load.talk, number) for number in range(CLIENTS)
            ]
            try:
                roll(pair, balancer, load, seconds=seconds)
            finally:
                load.stopped.set()
        talked = [client.result() for client in clients]
    saw(f"{load.requests:,} requests, {len(load.refused)} of them failed")
    assert load.refused == []
    assert all(count > 0 for _, count in talked)
    with MongoClient[Any](mongod_uri) as client:
        sessions = client[pair.options["MONGODB_DATABASE"]].sessions
        for session_id, count in talked:
            assert sessions.find_one({"_id": session_id})["message_count"] == count
    checked = manage(pair.services[0].data_dir, "check_integrity", **pair.options)
    assert checked.returncode == 0, checked.stdout
