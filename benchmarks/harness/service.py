"""The service over HTTP, as `serve` runs it, and the bare view as somebody would serve that."""

import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jwt
import psutil
from django.conf import settings

from benchmarks.harness import load, store
from benchmarks.harness.load import Outcome
from chatproject.mongod import replica_set as mongod_replica_set
from chatproject.serving import server

SETTINGS = "chatproject.settings"
ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


@dataclass(frozen=True)
class User:
    """Somebody with a token. The rate limits stand, so load is spread over many of them."""

    id: str
    token: str


def users(number: int) -> list[User]:
    """So many users, with tokens that outlive the benchmark."""
    return [user(str(uuid.uuid4())) for _ in range(number)]


def user(user_id: str) -> User:
    """The user of this id, with a token that outlives the benchmark."""
    ends = datetime.now(UTC) + timedelta(days=1)
    claims = {"token_type": "access", "exp": ends, "jti": uuid.uuid4().hex, "sub": user_id}
    return User(user_id, jwt.encode(claims, settings.JWT_SIGNING_KEY, "HS256"))


@dataclass(frozen=True)
class Served:
    """A running service and the client for it."""

    client: load.LoadClient
    process: psutil.Process
    mongod: psutil.Process

    def run(self, requests: Sequence[str], *, connections: int, expected: set[int]) -> Outcome:
        """Send all requests; the outcome says what workers and MongoDB spent on each."""
        workers, mongod = self._cpu(*self.workers()), self._cpu(self.mongod)
        outcome = self.client.run(requests, connections=connections, expected=expected)
        per_request = 1_000 / len(requests)
        outcome.worker_cpu_ms = (self._cpu(*self.workers()) - workers) * per_request
        outcome.mongod_cpu_ms = (self._cpu(self.mongod) - mongod) * per_request
        return outcome

    def workers(self) -> list[psutil.Process]:
        """The processes that answer."""
        return [
            child
            for child in self.process.children(recursive=True)
            if "resource_tracker" not in " ".join(child.cmdline())
        ]

    def cpu_seconds(self) -> dict[str, float]:
        """Seconds of a core that the workers and MongoDB have used so far."""
        return {"workers": self._cpu(*self.workers()), "mongod": self._cpu(self.mongod)}

    def workers_rss(self) -> int:
        """Resident bytes of the workers."""
        return sum(worker.memory_info().rss for worker in self.workers())

    def _cpu(self, *processes: psutil.Process) -> float:
        """Seconds of a core that processes have used."""
        return sum(sum(process.cpu_times()[:2]) for process in processes)


@contextmanager
def served(mongodb: store.Client, settings_module: str = SETTINGS) -> Iterator[Served]:
    """Run the service on the benchmark's `mongod`, with a load client beside it."""
    port = mongod_replica_set.choose_port()
    before = os.environ["DJANGO_SETTINGS_MODULE"]
    os.environ["DJANGO_SETTINGS_MODULE"] = settings_module
    try:
        with ExitStack() as stack:
            with said_on_stderr():
                process = stack.enter_context(server.serving(server.Address(load.HOST, port)))
            client = stack.enter_context(load.client(port))
            yield Served(client, psutil.Process(process.pid), _mongod(mongodb))
    finally:
        os.environ["DJANGO_SETTINGS_MODULE"] = before


@contextmanager
def bare(mongodb: store.Client) -> Iterator[Served]:
    """`bare_view` in processes of its own, on the same `mongod`."""
    port = mongod_replica_set.choose_port()
    command = [
        sys.executable, "-m", "granian", "benchmarks.harness.bare_view:application",
        "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4",
        "--host", load.HOST, "--port", str(port), "--log-level", "error", "--no-access-log",
    ]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, stdout=sys.stderr)
    try:
        deadline = time.monotonic() + START_SECONDS
        while not mongod_replica_set.answers(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the bare view does not start")
            time.sleep(0.05)
        with load.client(port) as client:
            yield Served(client, psutil.Process(process.pid), _mongod(mongodb))
    finally:
        process.terminate()
        process.wait()


def _mongod(mongodb: store.Client) -> psutil.Process:
    return psutil.Process(mongodb.admin.command("serverStatus")["pid"])


@contextmanager
def said_on_stderr() -> Iterator[None]:
    """Processes that start meanwhile write to stderr: stdout is for figures."""
    sys.stdout.flush()
    stdout = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(stdout, 1)
        os.close(stdout)
