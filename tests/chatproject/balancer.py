"""A small load balancer: it sends each request to a service that says it is ready.

As careful as the real ones: it asks `/readyz` a few times a second, turns to another service where
nobody listens, and never sends a request twice.
"""

import http.client
import itertools
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.waiting import PATIENCE

LOOK_SECONDS = 0.2
# Of one connection alone.
_OF_A_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class Balancer(ThreadingHTTPServer):
    """Listens on a free port of this machine, in front of services at `urls`."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, urls: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.addresses = [str(urlsplit(url).netloc) for url in urls]
        self.ready: set[str] = set()
        self._turns = itertools.count()
        self._ended = threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}"

    def chosen(self) -> list[str]:
        """The services that are ready, the one whose turn it is first."""
        ready = [address for address in self.addresses if address in self.ready]
        first = next(self._turns) % max(1, len(ready))
        return ready[first:] + ready[:first]

    def look(self) -> None:
        """Ask all services whether they are ready, until the end."""
        while not self._ended.wait(LOOK_SECONDS):
            for address in self.addresses:
                (self.ready.add if _is_ready(address) else self.ready.discard)(address)

    def stop_looking(self) -> None:
        self._ended.set()


def _is_ready(address: str) -> bool:
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


class _Handler(BaseHTTPRequestHandler):
    server: Balancer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        for address in self.server.chosen():
            upstream = http.client.HTTPConnection(address, timeout=60)
            try:
                upstream.connect()
            except OSError:
                continue
            self._pass_on(upstream, body)
            return
        self.send_error(503, "no service is ready")

    def _pass_on(self, upstream: http.client.HTTPConnection, body: bytes) -> None:
        try:
            upstream.request(self.command, self.path, body, dict(self.headers))
            answer = upstream.getresponse()
            content = answer.read()
        except OSError:
            self.send_error(502)
            return
        finally:
            upstream.close()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in _OF_A_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@contextmanager
def balancing(urls: Sequence[str]) -> Iterator[Balancer]:
    """A balancer in front of these services, which may start and stop meanwhile."""
    balancer = Balancer(urls)
    threads = [threading.Thread(target=work) for work in (balancer.serve_forever, balancer.look)]
    for thread in threads:
        thread.start()
    try:
        yield balancer
    finally:
        balancer.stop_looking()
        with suppress(OSError):
            balancer.shutdown()
        for thread in threads:
            thread.join(PATIENCE)
        balancer.server_close()
