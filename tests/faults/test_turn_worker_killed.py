"""`kill -9` of a worker in the middle of fifty turns, and clients that reset their streams."""

import os
import signal
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import pytest

from tests import model_server
from tests.faults.talks import READY_SECONDS, Listener, Talk, with_model
from tests.model_server import ModelServer
from tests.services.turns import events
from tests.waiting import Threads, wait_until

TURNS = 50
WORDS = [f"word{n} " for n in range(100)]


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server.serving() as running:
        yield running


def test_a_killed_worker_under_fifty_streams_loses_no_question_and_doubles_no_reply(
    serve: Any, model: ModelServer
):
    first = serve(**with_model(model)).ready(READY_SECONDS)
    one = Talk(first)
    talks = [one, *(Talk(first, one) for _ in range(TURNS - 1))]
    model.answers = [model_server.streams(*WORDS, between=0.2)] * TURNS
    listeners = [Listener(talk, asks=True) for talk in talks]
    for listener in listeners:
        listener.until_heard(1)
    os.kill(first.workers()[-1], signal.SIGKILL)
    # The sibling goes on, and another worker takes the dead one's place.
    wait_until(lambda: len(first.workers()) == 2, READY_SECONDS)
    with Threads(8) as pool:
        answers = list(pool.map(Talk.until_answered, talks))
    for talk, answer in zip(talks, answers, strict=True):
        reply = answer["assistant_message"]["content"]
        assert talk.said() == [("user", "Hello?"), ("assistant", reply)]
    # Whoever was with the other worker may have its reply from the first attempt.
    assert TURNS < len(model.requests) <= 2 * TURNS


def test_clients_that_reset_their_streams_cost_nobody_anything(serve: Any, model: ModelServer):
    service = serve(**with_model(model, WORKERS="1")).ready(READY_SECONDS)
    talk = Talk(service)
    model.answers = [model_server.streams(*WORDS[:40], between=0.1)]
    asking = Listener(talk, asks=True).until_heard(1)
    with Http2(service.port) as client:
        for _ in range(100):
            stream = client.get(f"/session/{talk.session}/chat/stream", talk.token)
            client.until_data(stream)
            client.reset(stream)
        # And so many at once that none has been answered.
        for stream in [client.get(f"/session/{talk.session}", talk.token) for _ in range(100)]:
            client.reset(stream)
    assert events.text(asking.events()) == "".join(WORDS[:40])
    assert service.get("/healthz").status_code == 200
    assert len(model.requests) == 1


def test_a_reset_ends_a_call_that_is_passed_on(serve: Any, model: ModelServer):
    service = serve(**with_model(model, WORKERS="1")).ready(READY_SECONDS)
    talk = Talk(service)
    body = b'{"messages": [{"role": "user", "content": "Hello?"}], "stream": true}'
    for _ in range(3):
        model.answers, hang_ups = [model_server.hangs_after("One")], model.hang_ups
        with Http2(service.port) as client:
            stream = client.post("/v1/chat/completions", talk.token, body)
            client.until_data(stream)
            client.reset(stream)
            assert model.wait_for_hang_up(hang_ups + 1)


class Http2:
    """A connection of HTTP/2 over plain TCP, by prior knowledge (RFC 9113, 3.3)."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=READY_SECONDS)
        config = h2.config.H2Configuration(client_side=True)
        self._h2 = h2.connection.H2Connection(config)
        self._data: set[int] = set()

    def __enter__(self) -> "Http2":
        self._h2.initiate_connection()
        self._send()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def get(self, path: str, token: str) -> int:
        return self._begin("GET", path, token, end=True)

    def post(self, path: str, token: str, body: bytes) -> int:
        stream = self._begin("POST", path, token, end=False)
        self._h2.send_data(stream, body, end_stream=True)
        self._send()
        return stream

    def reset(self, stream: int) -> None:
        # One that has been answered whole by now is closed already.
        with suppress(h2.exceptions.StreamClosedError):
            self._h2.reset_stream(stream)
        self._send()

    def until_data(self, stream: int) -> None:
        """Read until something of the answer's body has come."""
        wait_until(lambda: stream in self._data or self._read(), READY_SECONDS)

    def _begin(self, method: str, path: str, token: str, *, end: bool) -> int:
        stream = self._h2.get_next_available_stream_id()
        headers = [
            (":method", method), (":path", path), (":scheme", "http"), (":authority", "localhost"),
            ("authorization", f"Bearer {token}"), ("content-type", "application/json"),
        ]  # fmt: skip
        self._h2.send_headers(stream, headers, end_stream=end)
        self._send()
        return stream

    def _read(self) -> None:
        received = self._socket.recv(65_536)
        assert received, "the service has closed the connection"
        for event in self._h2.receive_data(received):
            # A turn that has ended meanwhile is answered with 204, which has no body.
            if isinstance(event, h2.events.StreamEnded):
                self._data.add(event.stream_id)
            if isinstance(event, h2.events.DataReceived):
                self._data.add(event.stream_id)
                self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
        self._send()

    def _send(self) -> None:
        self._socket.sendall(self._h2.data_to_send())
