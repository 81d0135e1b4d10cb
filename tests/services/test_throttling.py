"""Rate limits shared by all workers."""

from datetime import UTC, datetime, timedelta

import pytest

from sessions_app.repository import throttles
from sessions_app.services import throttling
from tests.waiting import Threads

NOW = datetime(2026, 11, 22, 10, 0, 15, tzinfo=UTC)


def take(number, *, key="k", limit=5, period=60, now=NOW):
    return [
        throttling.throttle_take(key=key, limit=limit, period_seconds=period, now=now)
        for _ in range(number)
    ]


def used(database):
    return sum(window["used"] for window in throttle_windows(database))


def throttle_windows(database):
    # Counted without waiting for a majority, so asked for without one.
    return database.throttle_windows.aggregate([], readConcern={"level": "local"})


@pytest.mark.parametrize("limit", [1, 5, 60])
def test_a_limit_up_to_sixty_is_exact(database, limit):
    waits = take(limit + 3, limit=limit)
    assert waits == [None] * limit + [45.0] * 3


def test_the_next_period_begins_anew(database):
    take(6)
    assert take(6, now=NOW + timedelta(seconds=44))[-1] == 1.0
    assert take(6, now=NOW + timedelta(seconds=45)) == [None] * 5 + [60.0]


def test_keys_are_counted_apart(database):
    take(6, key="a")
    assert take(5, key="b") == [None] * 5


def test_another_worker_sees_what_is_used(database):
    take(3)
    throttling.forget()
    assert take(3) == [None, None, 45.0]


def test_workers_together_never_allow_too_much(database):
    allowed = 0
    for _ in range(100):
        throttling.forget()
        allowed += take(8, limit=250).count(None)
    assert allowed == 250


def test_a_worker_that_ends_takes_no_more_than_its_share_along(database):
    allowed = 0
    for _ in range(100):
        throttling.forget()
        allowed += take(7, limit=250).count(None)
    # Each of them spends 7 of two shares of 4.
    assert allowed == 250 // 8 * 7 + 2


def test_a_generous_limit_asks_the_common_counter_seldom(database, monkeypatch):
    asked = []
    ask = throttles.take
    monkeypatch.setattr(throttles, "take", lambda **more: asked.append(1) or ask(**more))
    assert take(1_200, limit=1_200).count(None) == 1_200
    assert len(asked) == 60


def test_whoever_is_refused_costs_the_common_counter_nothing(database, monkeypatch):
    take(6)
    monkeypatch.setattr(throttles, "take", lambda **_: pytest.fail("asked"))
    assert take(3) == [45.0] * 3


def test_threads_together_never_take_too_much(database):
    with Threads(8) as pool:
        allowed = pool.map(lambda _: take(20, limit=60).count(None), range(8))
        assert sum(allowed) <= 60
    assert used(database) >= 60


def test_a_counter_is_dropped_after_its_period(database):
    take(1)
    (window,) = throttle_windows(database)
    assert window["expires_at"] == datetime(2026, 11, 22, 10, 2, tzinfo=UTC)


def test_many_callers_do_not_fill_the_memory(database, monkeypatch):
    monkeypatch.setattr(throttling, "_MAX_CLAIMS", 10)
    for number in range(30):
        take(1, key=f"{number}")
    assert len(throttling._claims) <= 12
