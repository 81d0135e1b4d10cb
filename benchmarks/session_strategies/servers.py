"""All strategies served at once: granian with two workers each, on ports of their own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass

import psutil
from django.core.management import call_command

from benchmarks.harness import load, service, store
from benchmarks.session_strategies import variants
from benchmarks.session_strategies.device import Device
from chatproject.mongod import replica_set as mongod_replica_set
from chatproject.serving import parent_death
from sessions_app.repository import indexes

WORKERS, THREADS = 2, 16
# A worker that dies is started again, as any deployment would see to.
_OPTIONS = (
    "--interface", "wsgi", "--factory", "--no-ws", "--host", load.HOST,
    "--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--backlog", "1024",
    "--backpressure", "1024", "--respawn-failed-workers", "--respawn-interval", "0.2",
    "--log-level", "critical", "--no-access-log",
)  # fmt: skip


@dataclass(frozen=True)
class Site(service.Served):
    """A strategy that is being served."""

    name: str
    port: int

    def workers(self) -> list[psutil.Process]:
        """The living ones, oldest first."""
        found = []
        for child in self.process.children(recursive=True):
            with suppress(psutil.Error):
                if "resource_tracker" not in " ".join(child.cmdline()):
                    found.append(child)
        return sorted(found, key=psutil.Process.create_time)

    def device(self) -> Device:
        """A client of it, without anything to carry yet."""
        return Device(self.port)


def database(name: str) -> str:
    """The MongoDB database of a strategy."""
    return f"strategies_{variants.ALL.index(name)}"


@contextmanager
def serve_all(
    client: store.Client, names: Sequence[str], **environment: str
) -> Iterator[dict[str, Site]]:
    """Every strategy of `names`, ready."""
    call_command("migrate", "sessions", verbosity=0)
    mongod = psutil.Process(client.admin.command("serverStatus")["pid"])
    with ExitStack() as stack:
        sites = {}
        for name in names:
            store.use_database(client, database(name))
            indexes.ensure()
            sites[name] = stack.enter_context(_serve(name, mongod, environment))
        for site in sites.values():
            _wait_for(site)
        yield sites


@contextmanager
def _serve(name: str, mongod: psutil.Process, environment: Mapping[str, str]) -> Iterator[Site]:
    port = mongod_replica_set.choose_port()
    command = (
        sys.executable,
        "-m",
        "granian",
        "chatproject.serving.worker:wsgi_application",
        *_OPTIONS,
    )
    more = {
        "DJANGO_SETTINGS_MODULE": "benchmarks.session_strategies.settings",
        "SESSION_STRATEGY": name,
        "MONGODB_DATABASE": database(name),
        **environment,
    }
    with ExitStack() as stack:
        process = subprocess.Popen(
            [*command, "--port", str(port)],
            env=os.environ | more,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            start_new_session=True,
            preexec_fn=parent_death.following(signal.SIGTERM),
        )
        stack.callback(_end, process)
        client = stack.enter_context(load.client(port))
        yield Site(client, psutil.Process(process.pid), mongod, name, port)


def _wait_for(site: Site) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline:
        with suppress(OSError, ConnectionError):
            if site.device().call("GET", "/healthz").status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError(f"{site.name} does not answer")


def wait_for_workers(site: Site) -> None:
    """Until a lost worker has its successor, and both answer."""
    deadline = time.monotonic() + 60
    in_a_row = 0
    while in_a_row < 10 * WORKERS and time.monotonic() < deadline:
        try:
            well = site.device().call("GET", "/healthz").status == 200
        except OSError:
            well = False
        in_a_row = in_a_row + 1 if well and len(site.workers()) == WORKERS else 0
        time.sleep(0.01)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(5)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
