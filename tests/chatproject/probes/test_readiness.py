"""What is asked before a worker is said to be ready, and what becomes of a check that hangs."""

import threading
import time
from collections.abc import Iterator

import pytest

from chatproject.probes import readiness
from chatproject.probes.readiness import Weight
from tests.waiting import Threads, wait_until


@pytest.fixture(autouse=True)
def checks(monkeypatch: pytest.MonkeyPatch) -> None:
    """None but the test's own."""
    monkeypatch.setattr(readiness, "_checks", {})


@pytest.fixture
def hanging() -> Iterator[threading.Event]:
    released = threading.Event()
    yield released
    released.set()


def test_all_is_well_when_every_check_is():
    readiness.add("a", lambda: True)
    readiness.add("b", lambda: True, Weight.TOLD)
    report = readiness.report()
    assert (report.status, report.parts) == (Weight.TOLD, {"a": "ok", "b": "ok"})


@pytest.mark.parametrize(
    ("failing", "status"),
    [
        ([Weight.TOLD], Weight.TOLD),
        ([Weight.TOLD, Weight.DEGRADES], Weight.DEGRADES),
        ([Weight.DEGRADES, Weight.REQUIRED], Weight.REQUIRED),
    ],
)
def test_the_gravest_failure_is_the_status(failing: list[Weight], status: Weight):
    for weight in failing:
        readiness.add(weight.name, lambda: False, weight)
    assert readiness.report().status is status


def test_a_check_that_raises_has_failed():
    def ask() -> bool:
        raise OSError

    readiness.add("a", ask)
    assert readiness.report().parts == {"a": "unavailable"}


def test_a_check_says_in_its_own_words_what_is_wrong_and_may_be_silent_otherwise():
    state = {"well": True}
    readiness.add("clock", lambda: state["well"], says=lambda: "+40 s", always=False)
    assert readiness.report().parts == {}
    state["well"] = False
    assert readiness.report().parts == {"clock": "+40 s"}


def test_a_check_that_hangs_has_failed_and_is_not_asked_again_meanwhile(
    monkeypatch: pytest.MonkeyPatch, hanging: threading.Event
):
    monkeypatch.setattr(readiness, "SECONDS", 0.05)
    asked: list[int] = []

    def ask() -> bool:
        asked.append(1)
        return hanging.wait(20)

    readiness.add("a", ask)
    readiness.add("b", lambda: True)
    for _ in range(3):
        assert readiness.report().parts == {"a": "unavailable", "b": "ok"}
    assert len(asked) == 1
    hanging.set()
    wait_until(lambda: readiness.report().status is Weight.TOLD)


def test_requests_that_come_while_it_looks_share_what_is_found(
    monkeypatch: pytest.MonkeyPatch, hanging: threading.Event
):
    monkeypatch.setattr(readiness, "SECONDS", 20)
    asked = threading.Semaphore(0)

    def ask() -> bool:
        asked.release()
        return hanging.wait(20)

    readiness.add("a", ask)
    since = time.monotonic()
    with Threads(4) as clients:
        reports = [clients.submit(readiness.report, since) for _ in range(4)]
        assert asked.acquire(timeout=30)
        hanging.set()
        assert len({report.result().at for report in reports}) == 1
    assert not asked.acquire(blocking=False)
    readiness.report()
    assert asked.acquire(blocking=False)
