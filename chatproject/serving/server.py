"""The HTTP server of `serve`: granian in a child process, from a free port to its last worker."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from chatproject.processes import parent_death
from chatproject.service_error import ServiceError
from chatproject.serving import counters
from chatproject.storage import disk
from sessions_app import child_process

START_SECONDS = 60.0


@dataclass(frozen=True)
class Address:
    """Where the server listens: `HOST` as an IP address, and `PORT`."""

    ip: str
    port: int

    @property
    def reachable(self) -> str:
        """An IP address that reaches the server from this machine."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.ip, self.ip)  # noqa: S104

    @property
    def url(self) -> str:
        """The server's URL on this machine, without a path."""
        host = f"[{self.reachable}]" if ":" in self.reachable else self.reachable
        return f"http://{host}:{self.port}"


def free_address() -> Address:
    """The address of `HOST` and `PORT`, if the service can listen there.

    Raises:
        ServiceError: it cannot.
    """
    host, port = settings.HOST, settings.PORT
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise ServiceError(f"HOST {host} is not known here; set HOST to an address") from error
    # `localhost` may be an IPv4 and an IPv6 address; most clients try IPv4 first.
    family, *_, socket_address = min(addresses, key=lambda info: info[0] != socket.AF_INET)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # Connections of the last run linger in TIME_WAIT; only a listener is in the way.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(socket_address)
            probe.listen(1)
        except OSError as error:
            raise ServiceError(
                f"cannot listen on {host} port {port} ({(error.strerror or '').lower()}); "
                "stop what uses it, or set PORT (and HOST) to something else"
            ) from error
    return Address(str(socket_address[0]), port)


@contextmanager
def serving(address: Address) -> Iterator[subprocess.Popen[bytes]]:
    """Run the server as long as the block; yield its process once `/healthz` answers.

    Raises:
        ServiceError: it does not get that far.
    """
    process = subprocess.Popen(  # noqa: S603 - the command is ours
        command(address),
        cwd=Path(__file__).resolve().parents[2],
        env={k: v for k, v in os.environ.items() if not k.startswith("GRANIAN_")}
        | {"PROMETHEUS_MULTIPROC_DIR": str(_counters())},
        stdin=subprocess.DEVNULL,
        # In a group of its own: a Ctrl-C in the terminal must reach the supervisor only, and at the
        # end the workers that are left can be killed together.
        start_new_session=True,
        preexec_fn=parent_death.following(signal.SIGTERM),
    )
    try:
        _wait_until_healthy(process, address)
        yield process
    finally:
        _stop(process)


def _counters() -> Path:
    """The directory with the counters, which start at 0 with the server."""
    directory = counters.directory_of(settings.DATA_DIR)
    try:
        counters.write_out(directory, settings.WORKERS + settings.JOBS)
    except OSError as error:
        raise ServiceError(disk.sentence(error, settings.DATA_DIR)) from error
    return directory


def command(address: Address) -> list[str]:
    """The command that starts the server on `address`."""
    return [
        sys.executable, "-m", "chatproject.serving.watchdog",
        "--silence", str(settings.WORKER_SILENCE_SECONDS),
        "-m", "granian", "chatproject.serving.worker:application", "--factory",
        "--interface", "asgi", "--no-ws", "--host", address.ip, "--port", str(address.port),
        "--workers", str(settings.WORKERS),
        # Connections that are idle for so long, or take so long for their headers, are closed. What
        # may become HTTP/2 is waited for without end: `connections` closes that.
        "--http", "auto", "--http1-header-read-timeout", str(settings.IDLE_SECONDS * 1_000),
        # The open connections of a worker, idle ones included; more wait in the kernel.
        "--backlog", "4096", "--backpressure", str(settings.CONNECTIONS_MAX),
        # The watchdog ends a crash loop, by its own measure.
        "--respawn-failed-workers", "--workers-kill-timeout", str(settings.DRAIN_SECONDS),
        "--log-level", "error", "--no-access-log",
    ]  # fmt: skip


def _wait_until_healthy(process: subprocess.Popen[bytes], address: Address) -> None:
    headers = {"Host": _allowed_host()}

    def is_healthy() -> bool:
        return child_process.answers_ok(address.reachable, address.port, "/healthz", headers)

    try:
        child_process.wait_until_it_answers(process, is_healthy, seconds=START_SECONDS)
    except child_process.ProcessEnded as error:
        raise ServiceError(
            f"the server ended with code {error.exit_code} while starting; "
            "what it printed above says why"
        ) from error
    except TimeoutError as error:
        raise ServiceError(
            f"the server did not answer {address.url}/healthz with 200 within {START_SECONDS:.0f} "
            "seconds; see what it printed above, and check ALLOWED_HOSTS"
        ) from error


def _allowed_host() -> str:
    """A Host header that `ALLOWED_HOSTS` allows."""
    first = next(iter(settings.ALLOWED_HOSTS), "localhost")
    return "localhost" if first == "*" else str(first).lstrip(".")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(settings.DRAIN_SECONDS + 2)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # workers that a killed server left behind
    process.wait()
