"""Bulk work that gives way to requests."""

import asyncio
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from sessions_app import pace as pacing
from sessions_app.pace import Pace


@pytest.fixture
def rests(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long it has rested, each time; the clock stands still but for rests and work."""
    clock = [100.0]
    rested: list[float] = []

    def sleep(seconds: float) -> None:
        rested.append(seconds)
        clock[0] += seconds

    async def sleep_on_loop(seconds: float) -> None:
        sleep(seconds)

    monkeypatch.setattr(pacing, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep))
    monkeypatch.setattr(pacing, "asyncio", SimpleNamespace(sleep=sleep_on_loop))
    monkeypatch.setattr(Pace, "work", lambda _, seconds: clock.__setitem__(0, clock[0] + seconds),
                        raising=False)  # fmt: skip
    return rested


def test_it_rests_for_twice_as_long_as_it_worked_while_requests_come(rests: list[float]):
    pace: Any = Pace()
    pace.request_came()
    with pace.turn():
        pace.work(0.02)
    assert rests == [pytest.approx(0.04)]


def test_it_never_rests_where_nobody_else_asks(rests: list[float]):
    pace: Any = Pace()
    with pace.turn():
        pace.work(0.5)
    pace.request_came()
    pace.work(pacing.LATELY_SECONDS)
    with pace.turn():
        pace.work(0.5)
    assert rests == []


def test_a_rest_has_a_bound(rests: list[float]):
    pace: Any = Pace()
    pace.request_came()
    with pace.turn():
        pace.work(0.9)
    assert rests == [pacing.REST_SECONDS_MAX]


def test_what_the_loop_does_rests_at_least_as_long_as_it_is_told(rests: list[float]):
    pace: Any = Pace()
    pace.request_came()

    async def work() -> None:
        lock = asyncio.Lock()
        async with pace.turn_on_loop(lock, 0.01):
            assert lock.locked()
        async with pace.turn_on_loop(lock, 0.01):
            pace.work(0.03)

    asyncio.run(work())
    assert rests == [pytest.approx(0.01), pytest.approx(0.06)]


def test_one_turn_at_a_time_while_requests_come():
    pace = Pace()
    pace.request_came()
    began, may_end = threading.Event(), threading.Event()

    def first() -> None:
        with pace.turn():
            began.set()
            may_end.wait(30)

    order: list[str] = []

    def second() -> None:
        pace.request_came()
        with pace.turn():
            order.append("second")

    threads = [threading.Thread(target=first), threading.Thread(target=second)]
    threads[0].start()
    assert began.wait(30)
    threads[1].start()
    order.append("first")
    may_end.set()
    for thread in threads:
        thread.join(30)
    assert order == ["first", "second"]
