"""A worker's side of the watchdog: its event loop beats, and the turns of dead siblings are ended.

The beat is a task of the loop, because a loop that is blocked answers nobody, however many of the
process's threads are well.
"""

import asyncio
import logging
from concurrent.futures import Future

from chatproject.serving import pulse
from chatproject.serving.pulse import Pulse
from sessions_app import event_loop
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.services import turns

logger = logging.getLogger(__name__)


class _Task:
    beating: "Future[None] | None" = None


def begin() -> None:
    """Beat from now on, if a watchdog listens."""
    shared = pulse.shared()
    if shared is not None:
        turns.turns_name_instance(shared.instance)
        _Task.beating = event_loop.submit(_beat(shared))


def end() -> None:
    """Say that this worker is about to end, so that it is not killed while it finishes."""
    shared = pulse.shared()
    if shared is not None:
        shared.leave()
    if _Task.beating is not None:
        _Task.beating.cancel()


async def _beat(shared: Pulse) -> None:
    settled = 0
    while True:
        shared.beat()
        # Also at the start: this may be the worker that takes a dead one's place.
        if shared.deaths != settled:
            settled = await _settled(shared, settled)
        await asyncio.sleep(pulse.BEAT_SECONDS)


async def _settled(shared: Pulse, count: int) -> int:
    """End the turns of who died since the first `count`; how many that are by now.

    The same number as before when MongoDB does not answer: then it is tried with the next beat.
    """
    deaths, dead = shared.deaths, shared.dead_since(count)
    settling = asyncio.create_task(asyncio.to_thread(turns.turns_settle_dead, pids=dead))
    # MongoDB may take its time; the beat must not.
    while not settling.done():
        await asyncio.wait({settling}, timeout=pulse.BEAT_SECONDS)
        shared.beat()
    try:
        settling.result()
    except StorageUnavailable:
        return count
    except Exception:
        logger.exception("the turns of workers that have died could not be settled")
    return deaths
