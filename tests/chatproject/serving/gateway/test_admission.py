"""Who begins at once, who waits, who is refused, and who is not begun at all."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from chatproject.serving.gateway.admission import Gone, Queue, Slot
from sessions_app.domain.errors import Overloaded


def queue(threads: int = 1, **more: Any) -> Queue:
    return Queue("test", **({"threads": threads, "seconds": 10, "longest": 100} | more))


def run(scene: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(asyncio.wait_for(scene(), 20))


async def waiting(entering: Awaitable[Slot], of: Queue, number: int = 1) -> "asyncio.Task[Slot]":
    """The task of somebody who enters, once so many wait."""

    async def enter() -> Slot:
        return await entering

    task = asyncio.create_task(enter())
    async with asyncio.timeout(10):
        while of.waiting < number:
            await asyncio.sleep(0)
    return task


def test_who_finds_a_free_thread_begins_at_once():
    async def scene() -> None:
        threads = queue(2)
        first, second = await threads.enter(), await threads.enter()
        assert (threads.running, threads.waiting) == (2, 0)
        first.release()
        second.release()
        assert threads.running == 0

    run(scene)


def test_all_of_a_request_is_done_by_one_thread():
    async def scene() -> None:
        threads = queue(4)
        slot = await threads.enter()
        names = {await slot.call(lambda: threading.current_thread().name) for _ in range(8)}
        assert len(names) == 1
        slot.release()

    run(scene)


def test_who_waits_begins_when_a_thread_is_free_in_the_order_of_coming():
    async def scene() -> None:
        threads = queue()
        running = await threads.enter()
        second = await waiting(threads.enter(), threads)
        third = await waiting(threads.enter(), threads, 2)
        running.release()
        slot = await second
        assert not third.done()
        slot.release()
        (await third).release()

    run(scene)


def test_who_would_wait_too_long_is_refused_at_once_and_told_when_to_come_again():
    async def scene() -> None:
        threads = queue(seconds=0.05)
        running = await threads.enter()
        # It runs for longer than anybody may wait, though nothing has ended yet.
        while threads.expected_seconds() <= 0.05:
            await asyncio.sleep(0.001)
        with pytest.raises(Overloaded) as refused:
            await threads.enter()
        assert threads.waiting == 0
        assert 1 <= refused.value.retry_after <= 20
        running.release()
        (await threads.enter()).release()

    run(scene)


def test_a_crowd_is_asked_to_come_again_at_the_pace_at_which_it_can_be_answered():
    async def scene() -> None:
        threads = queue(2, seconds=0.5)
        for _ in range(200):
            slot = await threads.enter()
            slot.began -= 1.0
            slot.release()
        for _ in range(2):
            await threads.enter()
        waits = []
        for _ in range(30):
            with pytest.raises(Overloaded) as refused:
                await threads.enter()
            waits.append(refused.value.retry_after)
        # Two are answered in a second: so two come again in each, and none later than 20 s.
        assert max(waits.count(second) for second in range(3, 15)) == 2
        assert min(waits) >= 1
        assert max(waits) <= 20

    run(scene)


def test_how_long_others_took_says_how_long_one_would_wait():
    async def scene() -> None:
        threads = queue(2)
        for _ in range(60):
            slot = await threads.enter()
            slot.began -= 4.0
            slot.release()
        assert 1.9 < threads.expected_seconds() < 2.1

    run(scene)


def test_nobody_waits_for_longer_than_the_limit():
    async def scene() -> None:
        threads = queue(seconds=0.02)
        running = await threads.enter()
        with pytest.raises(Overloaded):
            await threads.enter()
        assert threads.waiting == 0
        running.release()

    run(scene)


def test_a_queue_has_an_end():
    async def scene() -> None:
        threads = queue(longest=1)
        running = await threads.enter()
        second = await waiting(threads.enter(), threads)
        with pytest.raises(Overloaded):
            await threads.enter()
        running.release()
        (await second).release()

    run(scene)


def test_whose_client_has_gone_is_not_begun():
    async def scene() -> None:
        threads = queue()
        running = await threads.enter()
        gone = asyncio.get_running_loop().create_future()
        second = await waiting(threads.enter(watch=lambda: gone), threads)
        gone.set_result(None)
        with pytest.raises(Gone):
            await second
        assert threads.waiting == 0
        running.release()
        assert threads.running == 0

    run(scene)


def test_a_client_that_goes_in_the_moment_of_its_turn_leaves_the_thread_to_the_next():
    async def scene() -> None:
        threads = queue()
        running = await threads.enter()
        gone = asyncio.get_running_loop().create_future()
        second = await waiting(threads.enter(watch=lambda: gone), threads)
        third = await waiting(threads.enter(), threads, 2)
        running.release()
        gone.set_result(None)
        with pytest.raises(Gone):
            await second
        (await third).release()
        assert threads.running == 0

    run(scene)


def test_a_cancelled_request_leaves_its_place_and_its_thread():
    async def scene() -> None:
        threads = queue()
        running = await threads.enter()
        second = await waiting(threads.enter(), threads)
        running.release()
        second.cancel()
        with pytest.raises(asyncio.CancelledError):
            await second
        assert (threads.running, threads.waiting) == (0, 0)

    run(scene)


def test_nobody_has_more_than_their_share():
    async def scene() -> None:
        threads = queue(2, share=1)
        alice = await threads.enter(caller="alice")
        again = await waiting(threads.enter(caller="alice"), threads)
        bob = await threads.enter(caller="bob")
        assert not again.done()
        bob.release()
        await asyncio.sleep(0)
        assert not again.done()
        alice.release()
        (await again).release()

    run(scene)


def test_what_has_begun_is_not_refused_any_more():
    async def scene() -> None:
        threads = queue(longest=0)
        running = await threads.enter()
        rest = await waiting(threads.reenter(), threads)
        running.release()
        (await rest).release()

    run(scene)


def test_releasing_twice_gives_one_thread():
    async def scene() -> None:
        threads = queue()
        slot = await threads.enter()
        slot.release()
        slot.release()
        running = await threads.enter()
        second = await waiting(threads.enter(), threads)
        running.release()
        (await second).release()

    run(scene)
