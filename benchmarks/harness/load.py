"""An HTTP/1.1 load client in a process of its own: keep-alive connections, one epoll loop.

As lean as Python allows, because it shares the machine with what it measures: requests come as
finished bytes, and of an answer only the status and the length are read.

As a program it takes one JSON object per line, `{"port", "connections", "requests"}`, and answers
each with the milliseconds of every request, the seconds of all, and its own share of a core.
"""

import json
import selectors
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from benchmarks.harness import child

HOST = "127.0.0.1"
_HEADERS_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_CHUNKED, _LAST_CHUNK = b"transfer-encoding: chunked", b"\r\n0\r\n\r\n"


def request(
    method: str, path: str, *, token: str = "", body: Any = None, headers: Mapping[str, str] = {}
) -> str:
    """A request as text, to be sent as it is."""
    content = "" if body is None else json.dumps(body)  # ASCII, so characters are bytes
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Accept: application/json"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines) + "\r\n\r\n" + content


@dataclass
class Outcome:
    """What a run of requests took. `cpu_share` is the client's own, of one core."""

    ms: list[float]
    seconds: float
    cpu_share: float
    statuses: dict[str, int]
    # What the machine spent on each request meanwhile, filled in by who can see the processes.
    worker_cpu_ms: float = 0.0
    mongod_cpu_ms: float = 0.0

    @property
    def per_second(self) -> float:
        """Requests answered per second."""
        return len(self.ms) / self.seconds


class LoadClient:
    """The process that sends requests."""

    def __init__(self, process: "subprocess.Popen[str]", port: int) -> None:
        self._process, self.port = process, port

    def run(self, requests: Sequence[str], *, connections: int, expected: set[int]) -> Outcome:
        """Send all over so many connections; raises RuntimeError for an unexpected status."""
        job = {"port": self.port, "connections": connections, "requests": requests}
        outcome = Outcome(**child.answer_of(self._process, job))
        if not set(map(int, outcome.statuses)) <= expected:
            raise RuntimeError(f"answers other than {expected}: {outcome.statuses}")
        return outcome


@contextmanager
def client(port: int) -> Iterator[LoadClient]:
    """A load client for the server on `port`."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.harness.load"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield LoadClient(process, port)
        finally:
            process.kill()


@dataclass
class _Connection:
    """One keep-alive connection and the answer it waits for."""

    socket: socket.socket
    sent_at: float = 0.0
    received: bytearray = field(default_factory=bytearray)
    end: int = 0  # length of the whole answer, 0 while its headers are incomplete
    chunked: bool = False

    def send(self, raw: bytes) -> None:
        self.received, self.end = bytearray(), 0
        self.sent_at = time.perf_counter()
        self.socket.sendall(raw)

    def receive(self) -> bytes | None:
        """The status of the answer when it is complete."""
        data = self.socket.recv(262_144)
        if not data:
            raise ConnectionError("the server closed a connection")
        self.received += data
        if not self.end and (headers := self.received.find(_HEADERS_END)) >= 0:
            head = bytes(self.received[:headers]).lower()
            at = head.find(_LENGTH)
            length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            self.end = headers + len(_HEADERS_END) + length
            self.chunked = _CHUNKED in head
        complete = self.end and len(self.received) >= self.end
        if complete and self.chunked:
            complete = self.received.endswith(_LAST_CHUNK)
        return bytes(self.received[9:12]) if complete else None


def _perform(port: int, connections: int, requests: Sequence[bytes]) -> Outcome:
    waiting = iter(requests)
    statuses: Counter[str] = Counter()
    ms: list[float] = []
    with selectors.DefaultSelector() as selector:
        opened = [_Connection(socket.create_connection((HOST, port))) for _ in range(connections)]
        cpu, started = time.process_time(), time.perf_counter()
        for one, raw in zip(opened, waiting, strict=False):
            one.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(one.socket, selectors.EVENT_READ, one)
            one.send(raw)
        while len(ms) < len(requests):
            for key, _ in selector.select():
                status = key.data.receive()
                if status is None:
                    continue
                ms.append((time.perf_counter() - key.data.sent_at) * 1_000)
                statuses[status.decode()] += 1
                if (following := next(waiting, None)) is not None:
                    key.data.send(following)
        seconds = time.perf_counter() - started
        cpu_share = (time.process_time() - cpu) / seconds
        for one in opened:
            one.socket.close()
    return Outcome(ms, seconds, cpu_share, dict(statuses))


def main() -> None:
    """Take jobs from stdin until it ends."""
    for line in sys.stdin:
        job = json.loads(line)
        raw = [text.encode("ascii") for text in job["requests"]]
        print(json.dumps(vars(_perform(job["port"], job["connections"], raw))), flush=True)


if __name__ == "__main__":
    main()
