"""A user of the API who tries again."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from sessions_app.simulation import client
from sessions_app.simulation.measurements import Measurements
from tests.waiting import joined


@contextmanager
def dropping_connections() -> Iterator[tuple[str, list[str]]]:
    """A server that hangs up on every second request; the paths that it was asked for."""
    paths: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            paths.append(self.path)
            if len(paths) % 2:
                self.connection.close()
                return
            body = b'{"access": "a", "refresh": "r"}'
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", paths
        finally:
            server.shutdown()
            joined(thread)


def test_a_lost_connection_is_tried_again():
    measurements = Measurements()
    with dropping_connections() as (url, paths):
        user = client.ApiClient(url, measurements, threading.Event())
        user.register()
        user.close()

    assert user.is_registered
    assert paths == ["/auth/register"] * 2
    assert measurements.as_json()["retries"] == 1


def test_retry_after_is_bounded_and_one_second_when_it_is_missing():
    def answer(**headers: str) -> Any:
        return httpx.Response(429, headers=headers)

    assert client.retry_after(answer()) == 1
    assert client.retry_after(answer(**{"Retry-After": "7"})) == 7
    assert client.retry_after(answer(**{"Retry-After": "86400"})) == client.MAX_WAIT_SECONDS
    assert client.retry_after(answer(**{"Retry-After": "Sun, 22 Nov 2026 10:00:00 GMT"})) == 1
