"""What the watchdog makes of beats, silences and ends; with children that are not workers."""

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from chatproject.serving import watchdog
from chatproject.serving.pulse import Pulse
from chatproject.serving.watchdog import CRASH_LOOP, DEATHS, Watchdog
from tests.waiting import wait_until

Start = Callable[..., multiprocessing.process.BaseProcess]
# So that a child is never taken for one that has stood still with its watchdog.
SILENCE = 0.5


def beat_for_ever(pulse: Pulse) -> None:
    while True:
        pulse.beat()
        time.sleep(0.05)


def beat_once(pulse: Pulse) -> None:
    pulse.beat()
    time.sleep(60)


def leave(pulse: Pulse) -> None:
    pulse.beat()
    pulse.leave()
    time.sleep(60)


def end(pulse: Pulse, code: int) -> None:
    pulse.beat()
    os._exit(code)


@pytest.fixture
def start() -> Iterator[Start]:
    context = multiprocessing.get_context("fork")
    started = []

    def run(target: Any, *args: Any) -> Any:
        process: Any = context.Process(target=target, args=args)
        process.start()
        started.append(process)
        return process

    yield run
    for process in started:
        process.kill()
        process.join(60)
        assert process.exitcode is not None


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines: list[str] = []
    monkeypatch.setattr(watchdog, "say", lines.append)
    return lines


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The signals that the watchdog has sent its own process; none is delivered."""
    kill, sent = os.kill, list[int]()

    def note(pid: int, number: int) -> None:
        if pid == os.getpid():
            sent.append(number)
        else:
            kill(pid, number)

    monkeypatch.setattr(os, "kill", note)
    return sent


def watching(looked: Watchdog, until: Callable[[], object]) -> None:
    def look() -> object:
        looked.look()
        return until()

    wait_until(look)


def test_one_that_falls_silent_is_killed_and_named(start: Start, said: list[str]):
    pulse = Pulse()
    silent, lively = start(beat_once, pulse), start(beat_for_ever, pulse)
    watching(Watchdog(pulse, SILENCE), lambda: len(said) == 2)
    assert said[0].startswith(f"worker {silent.pid} has been silent for ")
    assert said[1].startswith(f"worker {silent.pid} ended by SIG")
    assert lively.is_alive()
    assert pulse.dead_since(0) == [silent.pid]


def test_one_that_has_left_may_be_silent(start: Start, said: list[str]):
    pulse = Pulse()
    left, lively = start(leave, pulse), start(beat_for_ever, pulse)
    looked = Watchdog(pulse, SILENCE)
    began = time.monotonic()
    watching(looked, lambda: time.monotonic() - began > 3 * SILENCE)
    assert left.is_alive()
    assert lively.is_alive()
    assert said == []


def test_a_watchdog_that_stood_still_forgives_everybody(
    start: Start, said: list[str], monkeypatch: pytest.MonkeyPatch
):
    pulse = Pulse()
    child = start(beat_once, pulse)
    looked = Watchdog(pulse, 10)
    watching(looked, lambda: looked._ever_beaten)
    later = time.monotonic() + 3_600
    monkeypatch.setattr(watchdog.time, "monotonic", lambda: later)
    looked.look()
    assert child.is_alive()
    assert said == []


def test_an_end_by_itself_is_named_with_its_code(start: Start, said: list[str]):
    pulse = Pulse()
    child = start(end, pulse, 3)
    lively = start(beat_for_ever, pulse)
    looked = Watchdog(pulse, SILENCE)
    watching(looked, lambda: said)
    assert said[0].startswith(f"worker {child.pid} ended with code 3 after ")
    assert lively.is_alive()


def test_a_stop_is_no_death(start: Start, said: list[str]):
    pulse = Pulse()
    start(end, pulse, 0)
    looked = Watchdog(pulse, SILENCE)
    watching(looked, lambda: pulse.deaths == 1)
    assert said == []


def test_a_crash_loop_stops_the_server(start: Start, said: list[str], stopped: list[int]):
    pulse = Pulse()
    looked = Watchdog(pulse, SILENCE)
    start(beat_for_ever, pulse)
    for number in range(DEATHS):
        assert looked.exit_code is None
        start(end, pulse, 1)
        watching(looked, lambda number=number: pulse.deaths == number + 1)
    assert looked.exit_code == CRASH_LOOP
    assert stopped == [signal.SIGTERM]
    assert said[-1] == "5 workers have ended within 60 s: the server is stopped"


def test_one_that_ends_before_any_has_beaten_stops_the_server(
    start: Start, said: list[str], stopped: list[int]
):
    looked = Watchdog(Pulse(), SILENCE)
    start(os._exit, 1)
    watching(looked, lambda: looked.exit_code is not None)
    assert (looked.exit_code, stopped) == (1, [signal.SIGTERM])


def test_the_dead_are_remembered_in_order_and_not_for_ever():
    pulse = Pulse()
    for pid in range(1, 101):
        pulse.bury(pid)
    assert pulse.deaths == 100
    assert pulse.dead_since(98) == [99, 100]
    assert pulse.dead_since(0) == list(range(37, 101))


def test_a_full_pipe_keeps_no_worker_waiting():
    pulse = Pulse()
    for _ in range(100_000):
        pulse.beat()
    assert pulse.heard() == ({os.getpid()}, set())
