"""The queues of a worker: which there are, how many threads each has, and how they are doing."""

import asyncio
import time

from django.conf import settings

from chatproject.probes import readiness
from chatproject.serving.gateway.admission import Queue
from sessions_app import instruments
from sessions_app.http.waiting import Waits
from sessions_app.services import turns

MEASURE_SECONDS = 0.5
# A worker that has refused reads, writes or turns so lately is not ready for more.
SHEDDING_SECONDS = 2.0
_ORDINARY = (Waits.FOR_A_READ, Waits.FOR_A_WRITE, Waits.FOR_A_MODEL)
PROBE_THREADS = 4
# Of the threads for heavy reads, as long as there are two.
_SHARE = 2
# What a heavy read has at least, however many wait.
_ALLOWANCE_SECONDS_MIN = 0.25


class Queues:
    """One for each kind, and one for API keys, which are looked up before a request begins."""

    def __init__(self) -> None:
        reads, writes = settings.THREADS // 2, settings.THREADS - settings.THREADS // 2
        heavy, accounts = settings.HEAVY_THREADS, settings.ACCOUNTS_THREADS
        self._of = {
            Waits.FOR_A_READ: _queue(Waits.FOR_A_READ.value, max(1, reads)),
            Waits.FOR_A_WRITE: _queue(Waits.FOR_A_WRITE.value, writes),
            Waits.FOR_MUCH: _queue(Waits.FOR_MUCH.value, heavy, max(1, heavy // _SHARE)),
            Waits.FOR_ACCOUNTS: _queue(Waits.FOR_ACCOUNTS.value, accounts),
            Waits.FOR_A_MODEL: _queue(
                # Turns, and as many requests that wait for one.
                Waits.FOR_A_MODEL.value,
                2 * settings.TURNS_MAX + settings.THREADS,
            ),
            Waits.FOR_AN_UPLOAD: _queue(
                Waits.FOR_AN_UPLOAD.value,
                settings.UPLOAD_THREADS,
                max(1, settings.UPLOAD_THREADS // _SHARE),
            ),
            Waits.FOR_A_STOP: _queue(Waits.FOR_A_STOP.value, settings.THREADS),
            Waits.FOR_A_PROBE: _queue(Waits.FOR_A_PROBE.value, PROBE_THREADS),
        }
        self.keys = _queue("api_keys", accounts)
        readiness.add("requests", lambda: not self.sheds(), says=lambda: "refused")

    def of(self, kind: Waits) -> Queue:
        """The queue of a kind that waits for something."""
        return self._of[kind]

    def allowance(self, waited: float) -> float:
        """How many seconds the heavy read that begins now may work.

        The less, the more it has waited itself, so that its client has an answer in time, and the
        more wait behind it.
        """
        queue = self._of[Waits.FOR_MUCH]
        behind = queue.waiting // queue.threads
        left: float = settings.HEAVY_SECONDS - waited / 2
        return max(_ALLOWANCE_SECONDS_MIN, left / (1 + behind))

    def sheds(self) -> bool:
        """Whether ordinary requests were refused a moment ago."""
        lately = time.monotonic() - SHEDDING_SECONDS
        return any(self._of[kind].refused_at > lately for kind in _ORDINARY)

    async def measure(self) -> None:
        """Set the gauges, now and then."""
        while True:
            for queue in (*self._of.values(), self.keys):
                instruments.queue_measured(
                    queue.name,
                    waiting=queue.waiting,
                    running=queue.running,
                    oldest_seconds=queue.oldest_seconds,
                )
            instruments.queue_measured(
                "model_calls", waiting=0, running=turns.Slot.taken(), oldest_seconds=0
            )
            await asyncio.sleep(MEASURE_SECONDS)


def _queue(name: str, threads: int, share: int | None = None) -> Queue:
    return Queue(
        name,
        threads=threads,
        seconds=settings.QUEUE_SECONDS,
        longest=settings.QUEUE_MAX,
        share=share,
    )
