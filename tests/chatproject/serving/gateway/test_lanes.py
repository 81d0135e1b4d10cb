"""Threads of the event loop: one thing after another, and nothing left undone or behind."""

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from typing import Any

import pytest

from chatproject.serving.gateway.lanes import Lane
from tests.passed_through import ROOT
from tests.waiting import wait_until


def threads(name: str) -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == name]


def test_work_is_done_in_its_order_by_one_thread():
    lane, done = Lane("in order"), list[tuple[int, str]]()

    async def scene() -> list[int]:
        def work(number: int) -> int:
            done.append((number, threading.current_thread().name))
            return number * 2

        return list(await asyncio.gather(*(lane.call(work, number) for number in range(5))))

    assert asyncio.run(scene()) == [0, 2, 4, 6, 8]
    assert done == [(number, "in order") for number in range(5)]


def test_a_thread_starts_with_its_first_work():
    lane = Lane("unused")
    assert threads("unused") == []
    asyncio.run(_call(lane, int))
    assert len(threads("unused")) == 1


async def _call(lane: Lane, work: Any, *args: Any) -> Any:
    return await lane.call(work, *args)


@pytest.mark.parametrize("error", [ValueError("wrong"), SystemExit(3), KeyboardInterrupt()])
def test_what_work_raises_is_raised_where_it_is_waited_for(error: BaseException):
    lane = Lane("raising")

    def fail() -> None:
        raise error

    async def scene() -> None:
        with pytest.raises(type(error)) as raised:
            await lane.call(fail)
        assert raised.value is error
        assert await lane.call(int, "7") == 7

    asyncio.run(scene())


def test_work_goes_on_when_nobody_waits_for_it_any_more():
    lane, may_end, ended = Lane("left"), threading.Event(), threading.Event()

    def work() -> None:
        may_end.wait(20)
        ended.set()

    async def scene() -> None:
        waited_for = lane.call(work)
        waited_for.cancel()
        may_end.set()
        assert await lane.call(ended.is_set)

    asyncio.run(scene())


def test_work_may_end_after_its_loop():
    lane, may_end = Lane("late"), threading.Event()

    async def scene() -> None:
        lane.call(may_end.wait, 20)

    asyncio.run(scene())
    may_end.set()
    assert asyncio.run(_call(lane, int, "7")) == 7


def test_nothing_of_a_request_is_kept_until_the_next_one():
    class Body:
        pass

    lane, body = Lane("kept"), Body()
    kept = weakref.ref(body)
    asyncio.run(_call(lane, id, body))
    del body
    # The thread forgets after it has answered, so it may take a moment.
    wait_until(lambda: gc.collect() >= 0 and kept() is None)


def test_a_thread_ends_with_its_lane():
    lane = Lane("gone")
    asyncio.run(_call(lane, int))
    [thread] = threads("gone")
    del lane
    gc.collect()
    thread.join(20)
    assert not thread.is_alive()


def test_a_process_ends_when_what_was_begun_is_done():
    code = (
        "import asyncio, time\n"
        "from chatproject.serving.gateway.lanes import Lane\n"
        "lane = Lane('last')\n"
        "def work():\n"
        "    time.sleep(0.3)\n"
        "    print('done', flush=True)\n"
        "async def scene():\n"
        "    lane.call(work)\n"
        "asyncio.run(scene())\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout, ended.stderr, ended.returncode) == ("done\n", "", 0)
