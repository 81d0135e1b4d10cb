"""What this worker does now and then for the turns that it runs and for those that it follows.

Each duty has a clock and a thread of its own, so that none waits for another:

    renew   every lease, long before a third of its life is over
    watch   which turns are to be stopped or are followed elsewhere, and what has been erased
    tell    writes down what the model has said, for readers at other workers
    follow  reads what other workers have written down, for readers here
    sweep   ends the turns whose workers are gone

A duty asks MongoDB once for all turns. One that fails is done again in a moment.
"""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from weakref import WeakSet, WeakValueDictionary

from sessions_app import event_loop, instruments
from sessions_app.domain.errors import SessionError, SessionNotFound, TurnInterrupted
from sessions_app.domain.limits import TURN_RENEW_SECONDS
from sessions_app.domain.turns import Turn, TurnState
from sessions_app.repository.turns import leases, records
from sessions_app.repository.turns.records import Progress
from sessions_app.services.turns import following, settling
from sessions_app.services.turns.fanout import Feed, Outcome
from sessions_app.services.turns.following import Standing
from sessions_app.services.turns.slots import Slot
from sessions_app.services.turns.turn import RunningTurn, Stop, clock

logger = logging.getLogger(__name__)

RENEW_LOOK_SECONDS = 0.5
WATCH_SECONDS = 0.4
TELL_SECONDS = 0.25
SWEEP_SECONDS = 15.0
# How many readings of a record there are to one look at the lease behind it.
_LEASE_LOOKS = 4


class _Instance:
    name = ""


def name_instance(name: str) -> None:
    """Call the processes that a server runs together by `name`, in leases from now on."""
    _Instance.name = name


def owner(pid: int | None = None) -> str:
    """This process, or another of its instance, as leases name it.

    With the instance, as two containers may share the name of a host and a process number.
    """
    parts = (socket.gethostname()[:150], _Instance.name, str(pid or os.getpid()))
    return "/".join(part for part in parts if part)


class Clock:
    """Does one duty again and again for as long as there is work; used on the event loop.

    A duty is two steps: one asks MongoDB, on the clock's own thread, the other acts on the answer.
    """

    def __init__(
        self,
        name: str,
        seconds: Callable[[], float],
        has_work: Callable[[], bool],
        duty: Callable[["Clock"], Awaitable[None]],
    ) -> None:
        self._name, self._seconds, self._has_work, self._duty = name, seconds, has_work, duty
        self._thread = ThreadPoolExecutor(1, f"turns {name}")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Go on, or begin, or begin again."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run(), name=self._name)

    async def ask(self, query: Callable[..., Any], *args: Any) -> Any:
        """What `query` gives, on this clock's thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, query, *args)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while self._has_work():
            due = loop.time() + self._seconds()
            try:
                await self._duty(self)
            except SessionError as error:
                logger.warning("turns: cannot %s at the moment: %s", self._name, error.detail)
            except Exception:
                logger.exception("turns: could not %s", self._name)
            # At least the next turn of the loop, however late it is.
            await asyncio.sleep(max(0.02, due - loop.time()))


class Worker:
    """The turns that run in this process and those that it follows, and the clocks of both."""

    def __init__(self) -> None:
        self._turns: dict[str, RunningTurn] = {}
        # A feed that nobody reads any more is not followed any more.
        self._feeds: WeakValueDictionary[str, Feed] = WeakValueDictionary()
        # All that somebody here may be reading, whoever runs them and however they ended.
        self._told: WeakSet[Feed] = WeakSet()
        self._tasks: set[asyncio.Task[None]] = set()
        self._sweeps = False
        self._readings = 0
        self._clocks = {
            "renew": Clock("renew", lambda: RENEW_LOOK_SECONDS, self._runs_some, self._renew),
            "watch": Clock("watch", lambda: WATCH_SECONDS, self._tells_some, self._watch),
            "tell": Clock("tell", lambda: TELL_SECONDS, self._runs_some, self._tell),
            "follow": Clock(
                "follow", lambda: TELL_SECONDS, lambda: bool(self._followed), self._follow
            ),
            "sweep": Clock("sweep", lambda: SWEEP_SECONDS, lambda: self._sweeps, self._sweep),
        }

    def _runs_some(self) -> bool:
        return bool(self._turns)

    def _tells_some(self) -> bool:
        return self._runs_some() or bool(self._open)

    @property
    def running(self) -> list[RunningTurn]:
        """The turns that run in this process."""
        return list(self._turns.values())

    @property
    def _open(self) -> list[Feed]:
        """What is being told here, whoever runs it."""
        runs = {turn.feed for turn in self.running}
        return [*runs, *(feed for feed in list(self._told) if feed not in runs and feed.is_read)]

    @property
    def _followed(self) -> list[Feed]:
        feeds = list(self._feeds.values())
        return [feed for feed in feeds if feed.outcome is None and not feed.runs_here]

    def running_turn(self, turn_id: str) -> RunningTurn | None:
        """The turn, if it runs in this process."""
        return self._turns.get(turn_id)

    def launch(self, turn: RunningTurn, slot: Slot) -> None:
        """Run a turn to its end, and look after it; from any thread. `slot` is kept until then."""
        event_loop.call(self._launch, turn, slot)

    def _launch(self, turn: RunningTurn, slot: Slot) -> None:
        self._turns[turn.turn.turn_id] = turn
        self._told.add(turn.feed)
        self._begin("renew", "watch", "tell")
        task = asyncio.get_running_loop().create_task(self._run(turn), name=turn.turn.turn_id)
        # A loop has weak references to its tasks only.
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: slot.give_back())

    async def _run(self, turn: RunningTurn) -> None:
        try:
            await turn.run()
        finally:
            self._turns.pop(turn.turn.turn_id, None)
        await turn.afterwards()

    def follow(self, feed: Feed) -> Feed:
        """Keep a feed up to date, of a turn of another worker or of one that has ended.

        From any thread. Gives the one feed of this turn that is kept up to date here.
        """
        kept = self._feeds.setdefault(feed.turn_id, feed)
        if kept.outcome is not None:
            # Told to its end, by what was known then.
            kept = self._feeds[feed.turn_id] = feed
        self._told.add(kept)
        event_loop.call(self._begin, "follow", "watch")
        return kept

    def stop(self, turn_id: str, why: Stop) -> None:
        """End the model call of a turn, if it runs here; from any thread."""
        turn = self._turns.get(turn_id)
        if turn is not None:
            event_loop.call(turn.stop, why)

    def erased(self, session_id: str) -> None:
        """A message of this session has been erased: tell it no more, from now on."""
        for feed in {*list(self._told), *(turn.feed for turn in self.running)}:
            if feed.session_id == session_id:
                with suppress(SessionNotFound):
                    self.correct(feed)

    def correct(self, feed: Feed) -> Feed:
        """The feed, with its messages as they are stored now; on a thread."""
        messages = following.as_stored(feed)

        async def correct() -> Feed:
            feed.correct(*messages)
            return feed

        return event_loop.run(correct())

    def let_go(self) -> None:
        """Follow and sweep no more; who reads a followed turn goes on at another worker."""
        self._sweeps = False
        event_loop.call(self._let_go)

    def _let_go(self) -> None:
        for feed in self._followed:
            feed.finish(Outcome(TurnState.RUNNING))

    def sweep_from_now_on(self) -> None:
        """Also end what other workers left behind when they died, now and then."""
        self._sweeps = True
        event_loop.call(self._begin, "sweep")

    def _begin(self, *names: str) -> None:
        for name in names:
            self._clocks[name].start()

    async def _renew(self, clock_: Clock) -> None:
        now = time.monotonic()
        due = [turn for turn in self.running if turn.renewed_at + TURN_RENEW_SECONDS <= now]
        if due:
            names = [(turn.turn.session_id, turn.turn.turn_id) for turn in due]
            await clock_.ask(leases.renew, names)
            for turn in due:
                turn.renewed_at = now

    async def _watch(self, clock_: Clock) -> None:
        running, feeds = self.running, self._open
        marks = await clock_.ask(leases.marks, {feed.session_id for feed in feeds})
        for turn in running:
            mark = marks.get(turn.turn.session_id)
            if mark is None or mark.turn_id != turn.turn.turn_id:
                if not turn.is_stopped:
                    instruments.lease_lost("turn")
                turn.stop(Stop.LOST)
                continue
            turn.is_followed = mark.followed
            if mark.cancelled:
                turn.stop(Stop.CANCELLED)
        for feed in feeds:
            mark = marks.get(feed.session_id)
            if mark is not None and mark.erasures != feed.erasures:
                with suppress(SessionNotFound):
                    feed.correct(*await clock_.ask(following.as_stored, feed))
                feed.erasures = mark.erasures

    async def _tell(self, clock_: Clock) -> None:
        progress: list[Progress] = []
        for turn in self.running:
            feed = turn.feed
            now = (feed.seen is not None, feed.length, len(feed.thoughts))
            if turn.is_followed and turn.written != now:
                progress.append(
                    Progress(
                        feed.session_id,
                        feed.turn_id,
                        None if turn.written[0] else feed.seen,
                        feed.text,
                        feed.thoughts,
                        feed.thought_member,
                        feed.early_thoughts,
                        feed.refuses,
                    )
                )
                turn.written = now
        if progress:
            await clock_.ask(records.write_progress, progress)

    async def _follow(self, clock_: Clock) -> None:
        feeds = self._followed
        self._readings += 1
        looks = self._readings % _LEASE_LOOKS == 0
        standings = await clock_.ask(_standings, feeds, looks)
        for feed in feeds:
            standing = standings[feed.turn_id]
            if isinstance(standing, SessionError):
                feed.finish(Outcome(TurnState.FAILED, error=standing))
            elif standing is not None:
                standing.tell(feed)

    async def _sweep(self, clock_: Clock) -> None:
        await clock_.ask(lambda: settling.settle_abandoned(now=clock()))


def _standings(feeds: list[Feed], looks: bool) -> dict[str, Standing | SessionError | None]:
    """How far each of the turns is; with `looks`, also by their leases, which may have run out.

    A turn that has just taken its lease is recorded a moment later: until then, None.
    """
    turns = records.read([(feed.session_id, feed.turn_id) for feed in feeds])
    marks = leases.marks({feed.session_id for feed in feeds}) if looks else {}
    standings: dict[str, Standing | SessionError | None] = {}
    for feed in feeds:
        turn, mark = turns.get(feed.turn_id), marks.get(feed.session_id)
        is_live = mark is not None and mark.turn_id == feed.turn_id and mark.is_live
        try:
            if (looks and not is_live) or (turn and turn.error_code == TurnInterrupted.code):
                turn = _settled(turn)
            elif looks and mark is not None and not mark.followed:
                leases.follow(session_id=feed.session_id, turn_id=feed.turn_id)
            knows = feed.seen is not None
            standings[feed.turn_id] = following.standing(turn, knows) if turn else None
        except (SessionNotFound, TurnInterrupted) as error:
            standings[feed.turn_id] = error
    return standings


def _settled(turn: Turn | None) -> Turn:
    if turn is None:
        raise TurnInterrupted
    return settling.settle(turn, now=clock())


worker = Worker()
