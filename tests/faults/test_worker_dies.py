"""A worker that is killed, hangs, or keeps ending: what its sibling's users notice of it."""

import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import model_server
from tests.chatproject.conftest import Serve, Service
from tests.drills import Saw
from tests.faults.talks import READY_SECONDS, Listener, Talk, runner_of, with_model
from tests.model_server import ModelServer
from tests.waiting import joined, wait_until

REPLACED_SECONDS = 10.0
LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} ERROR watchdog: worker (\d+) (.+)$", re.M)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with model_server.serving() as running:
        yield running


def worker_behind(service: Service, client: httpx.Client) -> int:
    """The worker that holds the open connection of this client."""
    client.get("/healthz")
    stream = client._transport._pool.connections[0]._connection._network_stream
    port = stream.get_extra_info("socket").getsockname()[1]
    wanted = f"{service.port:04X} 0100007F:{port:04X}"
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    inode = next(each[9] for each in lines if f"{each[1][9:]} {each[2]}" == wanted)
    for pid in service.workers():
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if str(descriptor.readlink()) == f"socket:[{inode}]":
                    return pid
    raise AssertionError("no worker has the connection")


class Regular:
    """Somebody who keeps asking over one connection, and what came of it."""

    def __init__(self, service: Service) -> None:
        self.client = httpx.Client(base_url=service.url, timeout=20)
        self.worker = worker_behind(service, self.client)
        self.failures: list[str] = []
        self.slowest, self.answers = 0.0, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._ask, daemon=True)

    def _ask(self) -> None:
        while not self._ended.wait(0.02):
            began = time.monotonic()
            try:
                status = self.client.get("/healthz").status_code
            except httpx.HTTPError as error:
                self.failures.append(repr(error))
                continue
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.answers += 1
            if status != 200:
                self.failures.append(str(status))

    @contextmanager
    def asking(self) -> Iterator["Regular"]:
        self._thread.start()
        try:
            yield self
        finally:
            self._ended.set()
            joined(self._thread)
            self.client.close()


def requests_counted(service: Service) -> float:
    families = text_string_to_metric_families(service.get("/metrics").text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "chat_http_requests_total"
    )


def all_answer(service: Service) -> bool:
    """Whether new connections reach each worker: one that still loads takes none."""
    reached = set()
    for _ in range(20):
        with httpx.Client(base_url=service.url, timeout=20) as client:
            reached.add(worker_behind(service, client))
    return reached == set(service.workers())


def ends(service: Service) -> list[tuple[str, str]]:
    """The workers that ended, and how, as the watchdog said it."""
    return [(pid, said.partition(" after ")[0]) for pid, said in LINE.findall(service.output)]


def two_workers(service: Service) -> tuple[Regular, int]:
    """Somebody at one worker, and the other one."""
    # The watchdog has a longer patience with a worker that has never been ready.
    wait_until(lambda: all_answer(service), READY_SECONDS)
    regular = Regular(service)
    return regular, next(pid for pid in service.workers() if pid != regular.worker)


def replaced(service: Service, pid: int) -> float:
    """Seconds until another worker is there in place of `pid` and answers."""
    began = time.monotonic()
    wait_until(lambda: pid not in service.workers() and len(service.workers()) == 2, 60)
    wait_until(lambda: service.get("/readyz").status_code == 200, 60)
    return time.monotonic() - began


@pytest.mark.drill(6, "a worker is killed")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_killed_worker_is_named_and_replaced_and_its_sibling_goes_on(
    serve: Serve, saw: Saw, number: signal.Signals
):
    service = serve(WORKERS="2").ready(READY_SECONDS)
    regular, doomed = two_workers(service)
    counted = requests_counted(service)
    with regular.asking():
        os.kill(doomed, number)
        seconds = replaced(service, doomed)
    # Prometheus would take a counter that falls for one that began again.
    assert requests_counted(service) > counted
    assert regular.failures == []
    assert regular.worker in service.workers()
    # The watchdog looks four times a second; another may take its place before it has said so.
    wait_until(lambda: (str(doomed), f"ended by {number.name}") in ends(service), 60)
    assert service.process.poll() is None
    saw(f"{number.name}: the sibling's {regular.answers} requests all answered; "
        f"replaced after {seconds:.1f} s")  # fmt: skip


@pytest.mark.drill(6, "a worker stands still")
def test_a_worker_that_stands_still_is_replaced_and_its_sibling_goes_on(serve: Serve, saw: Saw):
    service = serve(WORKERS="2").ready(READY_SECONDS)
    regular, doomed = two_workers(service)
    with regular.asking():
        os.kill(doomed, signal.SIGSTOP)
        began = time.monotonic()
        wait_until(lambda: doomed not in service.workers(), 60)
        noticed = time.monotonic() - began
        seconds = noticed + replaced(service, doomed)
    assert regular.failures == []
    assert noticed < REPLACED_SECONDS
    assert f"worker {doomed} has been silent for " in service.output
    assert regular.worker in service.workers()
    saw(f"the sibling's {regular.answers} requests all answered; killed after {noticed:.1f} s, "
        f"replaced after {seconds:.1f} s")  # fmt: skip


@pytest.mark.drill(6, "a worker is killed in the middle of a turn")
def test_the_turns_of_a_dead_worker_are_settled_before_their_leases_run_out(
    serve: Serve, model: ModelServer, saw: Saw
):
    service = serve(**with_model(model)).ready(READY_SECONDS)
    talk = Talk(service)
    model.answers = [model_server.hangs_after("One", " two")]
    Listener(talk, asks=True).until_heard(2)
    doomed = runner_of(talk)
    os.kill(doomed, signal.SIGKILL)
    began = time.monotonic()

    def is_free() -> bool:
        # The sibling answers at once; a new connection may lead to the dead one's socket.
        with suppress(httpx.HTTPError):
            return not talk.request("GET").json()["turn_in_progress"]
        return False

    wait_until(is_free)
    settled = time.monotonic() - began
    # Leases last 15 seconds and are renewed after 3: it was not the lease that ended it.
    assert settled < 10
    model.answers = [model_server.streams("Again")]
    assert talk.until_answered()["assistant_message"]["content"] == "Again"
    saw(f"the session was free again after {settled:.1f} s, and the same key got its reply")


@pytest.mark.drill(6, "workers keep ending")
def test_a_crash_loop_ends_the_run(serve: Serve, saw: Saw):
    service = serve(WORKERS="2").ready(READY_SECONDS)

    def kill_the_youngest() -> bool:
        with suppress(ProcessLookupError, IndexError):
            os.kill(service.workers()[-1], signal.SIGKILL)
        return service.process.poll() is not None

    wait_until(kill_the_youngest, 120)
    assert service.process.wait(60) == 1
    assert service.output.count("error: ") == 1
    assert "error: workers keep ending" in service.output or (
        "error: the server has ended by itself" in service.output
    )
    saw("connections refused, and exit code 1 for the service manager")
