"""A service for one simulation: `manage.py serve` on a free port, with data that is thrown away."""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

START_SECONDS = 120.0
STOP_SECONDS = 60.0
_HOST = "127.0.0.1"
# A simulation must not write where real users' conversations are.
_NOT_PASSED_ON = ("MONGODB_URI", "DATABASE_URL", "JWT_JWK_URL", "JWT_ISSUER", "JWT_AUDIENCE")
_THROTTLES = ("THROTTLE_ANON", "THROTTLE_USER", "THROTTLE_LOGIN", "THROTTLE_CHAT")


class ServiceDidNotStart(Exception):
    """Its own last words say why."""


def problem(base_url: str) -> str | None:
    """Why no service answers there, or None."""
    try:
        answer = httpx.get(f"{base_url}/healthz", timeout=5)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return str(error)
    return None if answer.status_code == httpx.codes.OK else f"status {answer.status_code}"


@contextmanager
def running(manage_py: Path) -> Iterator[str]:
    """A service as long as the block runs; its address. Raises ServiceDidNotStart."""
    with (
        tempfile.TemporaryDirectory(prefix="simulated-chat-") as directory,
        Path(directory, "serve.log").open("w+", encoding="utf-8") as log,
    ):
        port = _free_port()
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, str(manage_py), "serve", "--follow-parent"],
            env=_environment(Path(directory), port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # A Ctrl-C in the terminal is for the simulation, which ends its requests first.
            start_new_session=True,
        )
        try:
            url = f"http://{_HOST}:{port}"
            _wait_until_it_answers(process, url, Path(log.name))
            yield url
        finally:
            _stop(process)


def _environment(directory: Path, port: int) -> dict[str, str]:
    inherited = {name: text for name, text in os.environ.items() if name not in _NOT_PASSED_ON}
    return (
        inherited
        | dict.fromkeys(_THROTTLES, "")
        | {"DATA_DIR": str(directory / "data"), "HOST": _HOST, "PORT": str(port)}
        | {"ALLOWED_HOSTS": _HOST}
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while problem(url):
        if process.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            raise ServiceDidNotStart(said[-1] if said else "it said nothing")
        time.sleep(0.1)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
