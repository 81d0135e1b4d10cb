"""A service for one simulation: `manage.py serve` on a free port, with temporary data."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from sessions_app import child_process

START_SECONDS = 120.0
STOP_SECONDS = 60.0
_HOST = child_process.LOOPBACK
# A simulation must not write where real users' conversations are stored.
_NOT_PASSED_ON = ("MONGODB_URI", "DATABASE_URL", "JWT_JWK_URL", "JWT_ISSUER", "JWT_AUDIENCE")
_THROTTLES = (
    "THROTTLE_ANON",
    "THROTTLE_USER",
    "THROTTLE_LOGIN",
    "THROTTLE_APPLICATION",
    "THROTTLE_CHAT",
    "THROTTLE_SEARCH",
)


class ServiceDidNotStart(Exception):
    """The message is the last line that the service printed."""


def problem(base_url: str) -> str | None:
    """The reason why no healthy service answers there, None where one does."""
    try:
        answer = httpx.get(f"{base_url}/healthz", timeout=5)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return str(error)
    return None if answer.status_code == httpx.codes.OK else f"status {answer.status_code}"


@contextmanager
def running(manage_py: Path, *, directory: Path | None = None) -> Iterator[str]:
    """Run a service as long as the block runs; yields its URL. Raises ServiceDidNotStart.

    Its data lies in `data` of the directory, a temporary one if it is left out.
    """
    with (
        tempfile.TemporaryDirectory(prefix="simulated-chat-") as temporary,
        Path(temporary, "serve.log").open("w+", encoding="utf-8") as log,
    ):
        port = child_process.free_port()
        process = subprocess.Popen(  # noqa: S603 - the command is ours
            [sys.executable, str(manage_py), "serve", "--follow-parent"],
            env=_environment(directory or Path(temporary), port),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # Its own process group: Ctrl-C must reach the simulation first, which ends its
            # requests before it stops the service.
            start_new_session=True,
        )
        try:
            url = f"http://{_HOST}:{port}"
            _wait_until_healthy(process, url, Path(log.name))
            yield url
        finally:
            _stop(process)


def _environment(directory: Path, port: int) -> dict[str, str]:
    inherited = {name: text for name, text in os.environ.items() if name not in _NOT_PASSED_ON}
    return (
        inherited
        # Many users from one address would be throttled.
        | dict.fromkeys(_THROTTLES, "")
        | {"DATA_DIR": str(directory / "data"), "HOST": _HOST, "PORT": str(port)}
        # No upkeep beside what is measured.
        | {"ALLOWED_HOSTS": _HOST, "JOBS": "0"}
    )


def _wait_until_healthy(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    try:
        child_process.wait_until_it_answers(
            process, lambda: problem(url) is None, seconds=START_SECONDS
        )
    except (child_process.ProcessEnded, TimeoutError) as error:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise ServiceDidNotStart(lines[-1] if lines else "it printed nothing") from error


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        # A stop ends running turns, which takes a moment.
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
