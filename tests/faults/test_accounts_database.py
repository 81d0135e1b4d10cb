"""The accounts in PostgreSQL: how many connections are held, and what works while it is frozen."""

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from statistics import median
from typing import Any

import httpx
import pytest

from tests import model_server, postgresql
from tests.chatproject.conftest import Serve, Service
from tests.drills import Saw
from tests.faults.talks import READY_SECONDS, Listener, Talk, with_model
from tests.model_server import ModelServer
from tests.postgresql import PostgreSQL
from tests.waiting import Threads, wait_until

THREADS = 6
ACCOUNT = {"username": "alice", "password": "a long walk home"}
UNAVAILABLE = {
    "type": "server_error",
    "errors": [
        {
            "code": "storage_unavailable",
            "detail": "The accounts database is unavailable; try again.",
            "attr": None,
        }
    ],
}


@pytest.fixture
def accounts() -> Iterator[PostgreSQL]:
    with postgresql.running() as server:
        yield server


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server.serving() as server:
        yield server


Start = Callable[..., Service]


@pytest.fixture
def start(serve: Serve, accounts: PostgreSQL, data_dir: Any) -> Start:
    def started(**more: str) -> Service:
        limits = dict.fromkeys(("THROTTLE_LOGIN", "THROTTLE_USER", "THROTTLE_ANON"), "")
        keys = {"SECRET_KEY": "s" * 50, "JWT_SIGNING_KEY": "j" * 50}
        own = {"DATABASE_URL": accounts.url, "WORKERS": "1", "THREADS": str(THREADS)}
        return serve(data_dir, **(limits | keys | own | more)).ready(READY_SECONDS)

    return started


def api_key(service: Service, token: str) -> str:
    body = {"name": "a program", "password": "a long walk home"}
    key: str = service.post("/auth/api-keys", body, token)["key"]
    return key


@pytest.mark.drill(1, "streams with API keys, accounts in PostgreSQL")
def test_streams_with_api_keys_hold_no_connection(
    start: Start, accounts: PostgreSQL, model: ModelServer, request: pytest.FixtureRequest, saw: Saw
) -> None:
    number = 100 if request.config.getoption("--slow") else 12
    model.first, model.between = 0.2, 0.2
    service = start(**with_model(model, WORKERS="1"))
    talk = Talk(service)
    talk.token = api_key(service, talk.token)
    listeners = [Listener(Talk(service, talk), asks=True).until_heard(1) for _ in range(number)]
    beside = accounts.connections()
    assert beside <= THREADS
    for listener in listeners:
        listener.events()
    wait_until(lambda: accounts.connections() == 0)
    saw(f"{number} streams, all told to the end; {beside} connections beside them, 0 after them")


def sign_in(service: Service, name: str = "nobody") -> tuple[int, float]:
    """The status of an attempt, and the seconds it took."""
    body = json.dumps({"username": name, "password": "a wrong password"})
    headers = {"Content-Type": "application/json"}
    # Not httpx, which takes a twentieth of a second of processor for each new client.
    connection = http.client.HTTPConnection("127.0.0.1", service.port, timeout=60)
    began = time.monotonic()
    connection.request("POST", "/auth/token", body, headers)
    answer = connection.getresponse()
    answer.read()
    seconds = time.monotonic() - began
    connection.close()
    return answer.status, seconds


def appends(talk: Talk, number: int) -> list[float]:
    """The seconds that each of so many appends took."""
    took = []
    with httpx.Client(headers=talk.headers, timeout=60) as client:
        for _ in range(number):
            began = time.monotonic()
            answer = client.post(talk.url("message"), json={"content": "Hello?"})
            took.append(time.monotonic() - began)
            assert answer.status_code == 201, answer.text
    return took


@pytest.mark.drill(2, "PostgreSQL is frozen, and 40 clients sign in")
def test_while_it_is_frozen_sign_ins_are_refused_soon_and_conversations_go_on(
    start: Start, accounts: PostgreSQL, saw: Saw
) -> None:
    service = start()
    talk, with_key = Talk(service), Talk(service)
    with_key.token = api_key(service, with_key.token)
    assert sign_in(service)[0] == 401
    baseline = appends(talk, 40)
    stop = threading.Event()
    attempts: list[tuple[int, float]] = []

    def attempt() -> None:
        while not stop.is_set():
            attempts.append(sign_in(service))
            stop.wait(0.2)

    with accounts.frozen(), Threads(40) as clients:
        for _ in range(40):
            clients.submit(attempt)
        try:
            wait_until(lambda: len(attempts) >= 40, READY_SECONDS)
            beside = appends(talk, 40)
            with_api_key = with_key.request("GET", "messages")
            readiness = service.get("/readyz")
        finally:
            stop.set()
    assert {status for status, _ in attempts} == {503}
    assert max(seconds for _, seconds in attempts) < 5
    # Half a hundredth of a second is how far a machine that does much else strays.
    assert median(beside) <= 2 * median(baseline) + 0.005
    assert with_api_key.status_code == 503
    assert (readiness.status_code, readiness.json()["status"]) == (200, "degraded")
    assert readiness.json()["accounts"] == "unavailable"
    wait_until(lambda: sign_in(service)[0] == 401)
    assert with_key.request("GET", "messages").status_code == 200
    saw(f"sign-ins 503 within {max(seconds for _, seconds in attempts):.1f} s; append p50 "
        f"{median(beside) * 1_000:.0f} ms beside them, {median(baseline) * 1_000:.0f} ms "
        "before")  # fmt: skip


def test_what_a_frozen_server_is_asked_ends_as_unavailable(
    start: Start, accounts: PostgreSQL
) -> None:
    service = start()
    assert sign_in(service)[0] == 401
    with accounts.frozen():
        answer = httpx.post(f"{service.url}/auth/token", json=ACCOUNT, timeout=60)
    expected = UNAVAILABLE | {"request_id": answer.headers["X-Request-Id"]}
    assert (answer.status_code, answer.json()) == (503, expected)
    assert answer.headers["Retry-After"]
