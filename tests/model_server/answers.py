"""The answers that a model's server can be told to give; the package's docstring lists them."""

import json
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.waiting import PATIENCE

SECRET = "sk-secret-of-the-server"
USAGE = {"prompt_tokens": 100, "completion_tokens": 7, "total_tokens": 107}
_END = {"object": "chat.completion.chunk", "choices": []}


class Request(BaseHTTPRequestHandler):
    """One connection's requests; an answer writes to the one at hand."""

    protocol_version = "HTTP/1.1"
    body: dict[str, Any]

    def setup(self) -> None:
        super().setup()
        # Or a chunk waits for the acknowledgement of the one before it.
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.model.connections += 1

    def do_POST(self) -> None:
        self.body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.chunked = False
        try:
            self.model.answer(self)
        except OSError:
            self.close_connection = True
            self.model.note_hang_up()

    def begin(self, status: int = 200, length: int | None = None, **headers: str) -> None:
        """The head of an answer of so many bytes, or of a stream of events."""
        self.chunked = length is None
        kind = "text/event-stream" if self.chunked else "application/json"
        size = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", length)
        self.send_response(status)
        for name, value in [*{"Content-Type": kind, **headers}.items(), size]:
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def write(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if self.chunked else data)

    def event(self, payload: Any) -> None:
        text = payload if isinstance(payload, str) else json.dumps(payload)
        self.write(f"data: {text}\n\n".encode())

    def end(self) -> None:
        if self.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def cut(self) -> None:
        """Leave in the middle, as a process that is killed does."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def wait(self, seconds: float) -> None:
        """Do nothing for so long; ends early when the test does, raises when the client leaves."""
        deadline = time.monotonic() + seconds
        while not self.model.released.is_set() and (left := deadline - time.monotonic()) > 0:
            if select.select([self.connection], [], [], min(left, 0.02))[0]:
                raise ConnectionResetError
        self.close_connection = self.close_connection or self.model.released.is_set()

    def log_message(self, *_: Any) -> None: ...


Answer = Callable[[Request], None]


def _chunk(delta: dict[str, Any], model: str, finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
    return {
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000,
        "model": model, "choices": [choice],
    }  # fmt: skip


def _begin_with(request: Request, pieces: Iterable[str], between: float = 0) -> None:
    request.begin()
    request.event(_chunk({"role": "assistant", "content": ""}, "gulf-1"))
    for piece in pieces:
        request.event(_chunk({"content": piece}, "gulf-1"))
        if between:
            request.wait(between)


def streams(
    *pieces: Any,
    first: float = 0,
    between: float = 0,
    usage: Any = True,
    finish_reason: str | None = "stop",
    done: bool = True,
    model: str = "gulf-1",
    second: threading.Event | None = None,
) -> Answer:
    """An event stream; a piece that is no text is a whole `delta`.

    `second` lets the second piece come.
    """

    def answer(request: Request) -> None:
        if first:
            request.wait(first)
        request.begin()
        request.event(_chunk({"role": "assistant", "content": ""}, model))
        for place, piece in enumerate(pieces):
            if place == 1 and second:
                second.wait(PATIENCE)
            request.event(_chunk({"content": piece} if isinstance(piece, str) else piece, model))
            if between:
                request.wait(between)
        if finish_reason:
            request.event(_chunk({}, model, finish_reason))
        asked = (request.body.get("stream_options") or {}).get("include_usage")
        if usage and (asked or usage is not True):
            request.event(_END | {"model": model, "usage": USAGE if usage is True else usage})
        if done:
            request.event("[DONE]")
        request.end()

    return answer


def says(text: Any, **more: Any) -> Answer:
    def answer(request: Request) -> None:
        if request.body.get("stream"):
            pieces = re.findall(r"\s*\S+\s*$|\s*\S+", text)
            pace = {"first": request.model.first, "between": request.model.between}
            streams(*pieces, **pace)(request)
            return
        choice = {"index": 0, "message": {"role": "assistant", "content": text}}
        body = {"object": "chat.completion", "model": "gulf-1", "choices": [choice], "usage": USAGE}
        sends(json.dumps(body | more).encode())(request)

    return answer


def sends_events(*payloads: Any) -> Answer:
    def answer(request: Request) -> None:
        request.begin()
        for payload in payloads:
            request.event(payload)
        request.end()

    return answer


def sends(body: bytes, status: int = 200, **headers: str) -> Answer:
    def answer(request: Request) -> None:
        request.begin(status, len(body), **headers)
        request.write(body)

    return answer


def fails(status: int, **headers: str) -> Answer:
    return sends(json.dumps({"error": {"message": f"key {SECRET} is bad"}}).encode(), status,
                 **headers)  # fmt: skip


def refuses_member(name: str, status: int = 400) -> Answer:
    error = {"message": f"Unrecognized request argument supplied: {name}", "param": name}
    return sends(json.dumps({"error": error}).encode(), status)


def hangs(request: Request) -> None:
    request.wait(30)


def hangs_after(*pieces: str) -> Answer:
    def answer(request: Request) -> None:
        _begin_with(request, pieces)
        request.wait(30)

    return answer


def cuts_after(*pieces: str) -> Answer:
    def answer(request: Request) -> None:
        _begin_with(request, pieces)
        request.cut()

    return answer


def drips(request: Request) -> None:
    drips_after()(request)


def drips_after(*pieces: str) -> Answer:
    def answer(request: Request) -> None:
        _begin_with(request, pieces)
        while not request.model.released.is_set():
            request.write(b":")
            request.wait(0.05)

    return answer


def trickles(request: Request) -> None:
    request.begin(length=10_000)
    while not request.model.released.is_set():
        request.write(b" ")
        request.wait(0.05)


def breaks_off(request: Request) -> None:
    request.begin(length=1_000)
    request.write(b'{"choices": [')
    request.cut()


def runs_on(request: Request) -> None:
    request.begin(length=1_000_000_000)
    for _ in range(1_000):
        request.write(b" " * 65_536)
    request.cut()


def never_ends(piece: str = " and so on") -> Answer:
    def answer(request: Request) -> None:
        request.begin()
        while not request.model.released.is_set():
            request.event(_chunk({"content": piece}, "gulf-1"))

    return answer


def silent_forever(request: Request) -> None:
    request.begin()
    while not request.model.released.is_set():
        request.event(_chunk({"reasoning_content": "hm " * 10_000}, "gulf-1"))


def huge_event(size: int) -> Answer:
    return streams("x" * size)
