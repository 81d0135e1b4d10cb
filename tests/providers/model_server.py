"""A real HTTP server on loopback that speaks chat completions, well or badly, as it is told."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


class ModelServer:
    """What it was asked, and what it answers next: one of `answers`, else `text`."""

    def __init__(self, port: int) -> None:
        self.base_url = f"http://127.0.0.1:{port}/v1"
        self.requests: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.answers: list[Answer] = []
        self.text = "They talked about the sea."
        self.released = threading.Event()

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        length = int(request.headers["Content-Length"])
        self.headers.append({k.lower(): v for k, v in request.headers.items()})
        self.requests.append(json.loads(request.rfile.read(length)))
        (self.answers.pop(0) if self.answers else says(self.text))(request)

    def hang(self, request: BaseHTTPRequestHandler) -> None:
        self.released.wait(30)

    def trickle(self, request: BaseHTTPRequestHandler) -> None:
        begin(request, 200, length=10_000)
        while not self.released.wait(0.05):
            request.wfile.write(b" ")


def begin(request: BaseHTTPRequestHandler, status: int, *, length: int, **headers: str) -> None:
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.send_header("Content-Length", str(length))
    request.end_headers()


def sends(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        begin(request, status, length=len(body), **headers)
        request.wfile.write(body)

    return answer


def says(text: Any, **more: Any) -> Answer:
    usage = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
    choice = {"index": 0, "message": {"role": "assistant", "content": text}}
    body = {"object": "chat.completion", "model": "gulf-1", "choices": [choice], "usage": usage}
    return sends(json.dumps(body | more).encode())


def fails(status: int, **headers: str) -> Answer:
    return sends(b'{"error": {"message": "key sk-secret is bad"}}', status, **headers)


def breaks_off(request: BaseHTTPRequestHandler) -> None:
    begin(request, 200, length=1_000)
    request.wfile.write(b'{"choices": [')


def runs_on(request: BaseHTTPRequestHandler) -> None:
    begin(request, 200, length=1_000_000_000)
    for _ in range(1_000):
        request.wfile.write(b" " * 65_536)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up are what some tests are about."""


@contextmanager
def serving() -> Iterator[ModelServer]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            model.answer(self)

        def log_message(self, *_: Any) -> None: ...

    server = _Server(("127.0.0.1", 0), Handler)
    model = ModelServer(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield model
    finally:
        model.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
