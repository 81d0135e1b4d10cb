"""`python -m chatproject.healthcheck`, which the image runs; tests/deployment runs it there."""

from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from chatproject import healthcheck


class Instance(BaseHTTPRequestHandler):
    """Answers with a status, and keeps what it was asked."""

    status = HTTPStatus.OK
    asked: tuple[str, str] = ("", "")

    def do_GET(self) -> None:
        type(self).asked = (self.path, self.headers["Host"])
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def instance(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Instance]]:
    monkeypatch.setattr(Instance, "status", HTTPStatus.OK)
    with HTTPServer(("127.0.0.1", 0), Instance) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        settings.PORT = server.server_port
        settings.HOST = "127.0.0.1"
        yield Instance
        server.shutdown()


def test_a_ready_instance_is_healthy(instance: type[Instance]):
    assert healthcheck.main() == 0
    assert instance.asked[0] == "/readyz"


def test_one_that_is_not_ready_is_not(instance: type[Instance]):
    instance.status = HTTPStatus.SERVICE_UNAVAILABLE
    assert healthcheck.main() == 1


def test_one_that_does_not_answer_is_not(settings: Any):
    settings.PORT = 9
    assert healthcheck.main() == 1


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_an_instance_that_listens_everywhere_is_asked_on_this_machine(
    host: str, instance: type[Instance], settings: Any
):
    settings.HOST = host
    assert healthcheck.main() == 0


@pytest.mark.parametrize(
    ("allowed", "named"),
    [(["chat.example.com", "localhost"], "chat.example.com"), ([".example.com"], "example.com"),
     (["*"], "localhost")],
)  # fmt: skip
def test_it_names_a_host_that_is_allowed(
    allowed: list[str], named: str, instance: type[Instance], settings: Any
):
    settings.ALLOWED_HOSTS = allowed
    healthcheck.main()
    assert instance.asked[1] == named
