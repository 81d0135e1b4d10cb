"""More clients than a service can answer: who is refused, and what the others and the probes see.

Short by default; `--slow` makes the crowds those of an incident and looks at the figures, which
need a machine that does nothing else.
"""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.chatproject.conftest import Serve, Service
from tests.drills import Saw
from tests.faults import crowd
from tests.faults.crowd import Crowd, append_to, request_of
from tests.faults.prober import probing
from tests.faults.talks import READY_SECONDS, Talk
from tests.waiting import wait_until

UNLIMITED = dict.fromkeys(("THROTTLE_CHAT", "THROTTLE_USER", "THROTTLE_ANON"), "")
QUEUE_SECONDS = 2


@pytest.fixture
def slow(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--slow"))


def started(serve: Serve, data_dir: Path, **more: str) -> Service:
    own = {"WORKERS": "1", "QUEUE_SECONDS": str(QUEUE_SECONDS)}
    return serve(data_dir, **(UNLIMITED | own | more)).ready(READY_SECONDS)


def appends(service: Service, sessions: int = 8) -> list[bytes]:
    """Appends to several sessions of one user."""
    first = Talk(service)
    return [append_to(talk) for talk in (first, *(Talk(service, first) for _ in range(sessions)))]


def come(service: Service, requests: list[bytes], clients: int, seconds: float) -> Crowd:
    return asyncio.run(crowd.crowd(service.port, requests, clients, seconds))


def refusals(found: Crowd) -> list[crowd.Answered]:
    return [answer for answer in found.answers if answer.status == 503]


@pytest.mark.drill(4, "more clients come than can be answered")
def test_what_is_too_much_is_refused_and_the_rest_goes_on(
    serve: Serve, data_dir: Path, slow: bool, saw: Saw
) -> None:
    service = started(serve, data_dir, **({"WORKERS": "2"} if slow else {"THREADS": "2"}))
    requests = appends(service)
    clients, seconds = (2_000, 20.0) if slow else (300, 4.0)
    peak = max(come(service, requests, n, seconds / 4).done_a_second() for n in (8, 16))
    with probing(service.port, "/healthz") as alive, probing(service.port, "/readyz") as ready:
        found = come(service, requests, clients, seconds)
    assert set(found.statuses) <= {200, 201, 503}
    assert all(1 <= int(each.headers["retry-after"]) <= 20 for each in refusals(found))
    assert {status for status, _ in alive} == {200}
    assert {status for status, _ in ready} <= {200, 503}
    if refusals(found):
        assert b'"overloaded"' in refusals(found)[0].body
    wait_until(lambda: service.get("/readyz").status_code == 200)
    after = come(service, requests, 8, seconds / 4)
    assert set(after.statuses) == {201}
    saw(sentence(peak, found, alive, ready, after))
    if slow:
        assert refusals(found)
        assert found.done_a_second() >= 0.8 * peak
        assert max(seconds for _, seconds in alive) < 0.2
        assert after.done_a_second() >= 0.8 * peak


def sentence(peak: float, found: Crowd, alive: Any, ready: Any, after: Crowd) -> str:
    """The figures of a crowd, for the table."""
    return (
        f"peak {peak:.0f}/s, in the crowd {found.done_a_second():.0f}/s {dict(found.statuses)}, "
        f"slowest {found.slowest():.1f} s, healthz {max(s for _, s in alive):.3f} s, "
        f"readyz {max(s for _, s in ready):.3f} s, after it {after.done_a_second():.0f}/s"
    )


@pytest.mark.drill(4, "clients leave while they wait")
def test_nothing_is_stored_for_clients_that_have_gone(
    serve: Serve, data_dir: Path, saw: Saw
) -> None:
    service = started(serve, data_dir, THREADS="2", QUEUE_SECONDS="30")
    talk = Talk(service)
    mongod = service.pid("mongod")

    async def leave() -> None:
        """Ask all at once, and leave while all but the first are waiting."""
        streams = [await asyncio.open_connection("127.0.0.1", service.port) for _ in range(40)]
        for _, writer in streams:
            writer.write(append_to(talk))
        while waiting(service) < 39:
            await asyncio.sleep(0.1)
        for _, writer in streams:
            writer.close()
        while waiting(service):
            await asyncio.sleep(0.1)

    os.kill(mongod, signal.SIGSTOP)
    try:
        asyncio.run(asyncio.wait_for(leave(), 60))
    finally:
        os.kill(mongod, signal.SIGCONT)
    wait_until(lambda: talk.request("GET").status_code == 200)
    assert len(talk.said()) <= 1
    saw(f"of 40 appends whose clients left, {len(talk.said())} was stored")


def waiting(service: Service) -> int:
    """The writes that wait, as the metrics have it."""
    for line in service.get("/metrics").text.splitlines():
        if line.startswith('chat_queue_waiting{queue="writes"}'):
            return int(float(line.split()[-1]))
    return 0


@pytest.mark.drill(3, "MongoDB is frozen, and clients go on asking")
def test_probes_are_answered_while_mongodb_is_frozen(
    serve: Serve, data_dir: Path, slow: bool, saw: Saw
) -> None:
    service = started(serve, data_dir)
    requests = appends(service)
    mongod = service.pid("mongod")
    os.kill(mongod, signal.SIGSTOP)
    try:
        with probing(service.port, "/healthz") as alive, probing(service.port, "/readyz") as ready:
            found = come(service, requests, 200 if slow else 60, 6)
    finally:
        os.kill(mongod, signal.SIGCONT)
    assert set(found.statuses) == {503}
    assert {status for status, _ in alive} == {200}
    # The last one may have been asked after it.
    assert {status for status, _ in ready[:-1]} == {503}
    wait_until(lambda: service.get("/readyz").status_code == 200)
    saw(f"healthz 200 within {max(s for _, s in alive):.3f} s, "
        f"readyz 503 within {max(s for _, s in ready):.3f} s")  # fmt: skip
    if slow:
        assert max(seconds for _, seconds in alive) < 0.2
        assert max(seconds for _, seconds in ready) < 2


@pytest.fixture
def open_files() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_slow_bodies_are_ended_and_keep_nobody_else_out(
    serve: Serve, data_dir: Path, slow: bool, open_files: ExitStack
) -> None:
    service = started(serve, data_dir)
    number = 800 if slow else 150
    head = b"POST /auth/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\nx"
    slow_ones = []
    for _ in range(number):
        slow_ones.append(
            open_files.enter_context(socket.create_connection(("127.0.0.1", service.port), 60))
        )
        slow_ones[-1].sendall(head)
    talk = Talk(service)
    assert talk.request("POST", "message", json={"content": "Hello?"}).status_code == 201
    for each in slow_ones:
        answer = b""
        while part := each.recv(4_096):
            answer += part
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b'"request_timeout"' in answer


def test_an_address_has_so_many_connections_and_idle_ones_are_closed(
    serve: Serve, data_dir: Path, open_files: ExitStack
) -> None:
    service = started(serve, data_dir, CONNECTIONS_PER_ADDRESS="20", IDLE_SECONDS="60")
    connections = [
        open_files.enter_context(socket.create_connection(("127.0.0.1", service.port), 60))
        for _ in range(60)
    ]
    closed = [each for each in connections[:40] if each.recv(1) == b""]
    assert len(closed) == 40
    probe = request_of("GET", "/healthz")
    assert asyncio.run(crowd.ask_once(service.port, probe, "127.0.0.2")).status == 200


def test_a_connection_that_says_nothing_is_closed(serve: Serve, data_dir: Path) -> None:
    service = started(serve, data_dir, IDLE_SECONDS="1")
    with socket.create_connection(("127.0.0.1", service.port), 60) as silent:
        assert silent.recv(1) == b""
    with socket.create_connection(("127.0.0.1", service.port), 60) as idle:
        idle.sendall(request_of("GET", "/healthz"))
        began = time.monotonic()
        wait_until(lambda: not idle.recv(4_096))
        assert time.monotonic() - began < 60
