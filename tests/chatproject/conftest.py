"""Real services in processes of their own, each with its own DATA_DIR and port."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from chatproject.mongod import record as mongod_record
from chatproject.mongod.replica_set import choose_port
from tests import collected_static
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
# What the machine's owner or another test has set must not reach the services under test.
FOREIGN = {
    "DJANGO_SETTINGS_MODULE", "DATA_DIR", "HOST", "PORT", "MONGODB_URI", "DATABASE_URL",
    "MONGOD_BINARY", "SECRET_KEY", "JWT_SIGNING_KEY", "ALLOWED_HOSTS", "WORKERS", "THREADS",
    "LLM_BASE_URL", "LLM_MODEL", "LLM_MODEL_FILE",
}  # fmt: skip


def environment(data_dir: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    # Without the process that runs jobs, but for tests of jobs.
    # And without the wait for balancers, of which there are none.
    quick = {"WORKERS": "1", "JOBS": "0", "DRAIN_NOTICE_SECONDS": "0"}
    static = {"STATIC_DIR": str(collected_static.directory())} if "STATIC_DIR" not in more else {}
    return kept | {"DATA_DIR": str(data_dir)} | quick | static | more


def manage(data_dir: Path, *args: str, **more: str) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "manage.py", *args],
        cwd=ROOT,
        env=environment(data_dir, **more),
        capture_output=True,
        text=True,
        timeout=100,
    )


def living(data_dir: Path) -> dict[int, str]:
    """Every process that was started for `data_dir`: its number and what it is."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            ours = process.environ().get("DATA_DIR") == str(data_dir)
            if ours and process.status() != psutil.STATUS_ZOMBIE:
                found[process.pid] = " ".join(process.cmdline())
    return found


class Service:
    """A `manage.py serve`, what it prints, and the processes it consists of."""

    def __init__(self, data_dir: Path, *flags: str, **more: str) -> None:
        self.data_dir = data_dir
        self.port = int(more.get("PORT") or choose_port())
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = data_dir.with_name(f"{data_dir.name}.{uuid.uuid4().hex}.log")
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "manage.py", "serve", *flags],
                cwd=ROOT,
                env=environment(data_dir, **{"PORT": str(self.port), **more}),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self.log.read_text()

    def ready(self, seconds: float = 120) -> "Service":
        wait_until(lambda: "Ready at" in self.output or self.process.poll() is not None, seconds)
        assert self.process.poll() is None, self.output
        return self

    def get(self, path: str, token: str = "") -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.get(self.url + path, headers=headers, timeout=20)

    def post(self, path: str, body: dict[str, Any], token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = httpx.post(self.url + path, json=body, headers=headers, timeout=20)
        assert response.is_success, response.text
        return response.json()

    def pid(self, part: str) -> int:
        """The process number of `mongod`, its `keeper`, the `server` or one of its `worker`s."""
        record = mongod_record.read(self.data_dir)
        assert record is not None
        servers = sorted(p for p, line in living(self.data_dir).items() if "-m granian" in line)
        return {
            "mongod": record.pid,
            "keeper": record.keeper,
            "server": servers[0],
            "worker": servers[-1],
        }[part]

    def workers(self) -> list[int]:
        """The process numbers of the workers that live, oldest first."""
        servers = sorted(p for p, line in living(self.data_dir).items() if "-m granian" in line)
        return servers[1:]

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def kill(self) -> None:
        """Everything at once, as a power cut would."""
        wait_until(self._is_killed, what="the end of all processes")
        self.process.wait(60)

    def _is_killed(self) -> bool:
        pids = living(self.data_dir)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if pids:
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.1)
        return not pids


# For tests that use `service`: one pytest process runs them all, so there is but one service.
looks_at_the_service = pytest.mark.xdist_group("looks at the service")

Serve = Callable[..., Service]


@pytest.fixture
def serve(data_dir: Path) -> Iterator[Serve]:
    """Starts services, and leaves none behind."""
    started = []

    def start(directory: Path = data_dir, *flags: str, **more: str) -> Service:
        started.append(Service(directory, *flags, **more))
        return started[-1]

    yield start
    for service in started:
        service.kill()


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that runs for all tests which only look at it."""
    running = Service(tmp_path_factory.mktemp("service") / "data").ready()
    yield running
    running.end()
    running.kill()
