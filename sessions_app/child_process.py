"""A server in a child process: a free port for it, and the wait until it answers."""

import http.client
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.05
_ANSWER_SECONDS = 2.0


class ProcessEnded(Exception):
    """The child process ended before it answered."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"exit code {exit_code}")
        self.exit_code = exit_code


def free_port() -> int:
    """A port of the loopback interface that is free at the moment."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def wait_until_it_answers(
    process: "subprocess.Popen[bytes]", answers: Callable[[], bool], *, seconds: float
) -> None:
    """Poll `answers` until it is true; raises ProcessEnded, or TimeoutError after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # Asked first: another server on the same port may answer for a child that has ended.
        exit_code = process.poll()
        if exit_code is not None:
            raise ProcessEnded(exit_code)
        if answers():
            return
        time.sleep(_POLL_SECONDS)
    raise TimeoutError


def answers_ok(host: str, port: int, path: str, headers: Mapping[str, str] | None = None) -> bool:
    """Whether `GET path` is answered with 200."""
    connection = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", path, headers=dict(headers or {}))
        return connection.getresponse().status == HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
