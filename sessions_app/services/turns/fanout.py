"""A turn as its readers see it: any number of them, each from wherever it left off.

A feed is written by the task that runs the turn, or by the one that follows it at another worker,
and is changed on the event loop only, so that nothing here takes a lock. A reader's position is a
number of characters of the reply, which means the same in every process: a client that lost its
connection goes on at any worker without a character lost or doubled.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from weakref import WeakSet

from sessions_app.domain.data import Message
from sessions_app.domain.errors import SessionError
from sessions_app.domain.turns import Seen, TurnState

_MESSAGE, _END = "message", "end"
# How many readings of the record a position beyond the text is waited for: what a worker follows
# is a moment behind what the client may have had from the worker that runs the turn.
AHEAD_READINGS = 8
_AHEAD_LOOK_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Place:
    """A reader's position: `characters` of the reply, or behind the `message` or the `end`.

    `characters` None is before everything. `thoughts` are the characters of those read beside it.
    """

    turn_id: str
    characters: int | None = None
    past: str = ""
    thoughts: int = 0

    def __str__(self) -> str:
        thoughts = f"+{self.thoughts}" if self.thoughts else ""
        return f"{self.turn_id}:{self.past or f'{self.characters}{thoughts}'}"


def place(event_id: str) -> Place | None:
    """The position that an event's id stands for; None for what is no such id."""
    turn_id, _, position = event_id.partition(":")
    if position in {_MESSAGE, _END}:
        return Place(turn_id, past=position)
    characters, _, thoughts = position.partition("+")
    if _is_count(characters) and _is_count(thoughts or "0"):
        return Place(turn_id, int(characters), thoughts=int(thoughts or "0"))
    return None


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


@dataclass(frozen=True, slots=True)
class Context:
    """What the model is sent, and the message that it is to answer."""

    seen: Seen
    user_message: Message | None


@dataclass(frozen=True, slots=True)
class Delta:
    """The next characters of the reply."""

    text: str


@dataclass(frozen=True, slots=True)
class Thinking:
    """The next characters of what the model thinks; `member` is its server's name for them."""

    text: str
    member: str


@dataclass(frozen=True, slots=True)
class Stored:
    """The reply as it has been stored."""

    message: Message


@dataclass(frozen=True, slots=True)
class Failed:
    """The turn has failed; nothing follows."""

    error: SessionError


@dataclass(frozen=True, slots=True)
class Done:
    """The turn has ended; nothing follows."""

    state: str


Event = Context | Delta | Thinking | Stored | Failed | Done


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended. `message` is the stored reply, None where there is none.

    `state` is `running` where this process has stopped following it.
    """

    state: TurnState
    message: Message | None = None
    error: SessionError | None = None


class Feed:
    """One turn: what the model is sent, the reply so far, how it ended."""

    def __init__(
        self,
        session_id: str,
        user_id: str,
        turn_id: str,
        begun_at: datetime,
        *,
        runs_here: bool = True,
    ) -> None:
        self.session_id = session_id
        self.user_id = user_id
        self.turn_id = turn_id
        self.begun_at = begun_at
        # Whether all that has been said is here; of another worker's turn, some may be under way.
        self.runs_here = runs_here
        self.seen: Seen | None = None
        self.user_message: Message | None = None
        self.outcome: Outcome | None = None
        # How often the record has been read for it, and the session's erasures known of.
        self.readings = 0
        self.erasures = 0
        self._pieces: list[str] = []
        self._ends: list[int] = []
        # What the model has thought so far.
        self.thoughts = ""
        self.thought_member = ""
        # How many characters of the thoughts came before the reply; None before its first.
        self.early_thoughts: int | None = None
        # Whether the reply is a refusal.
        self.refuses = False
        self._waiting: list[asyncio.Future[bool]] = []
        self._readers: WeakSet[Reader] = WeakSet()

    @property
    def length(self) -> int:
        """Characters of the reply so far."""
        return self._ends[-1] if self._ends else 0

    @property
    def text(self) -> str:
        """The reply so far."""
        return "".join(self._pieces)

    @property
    def has_begun(self) -> bool:
        """Whether something of the reply or its thoughts has come, or the end."""
        return bool(self.length or self.thoughts or self.outcome)

    @property
    def is_read(self) -> bool:
        """Whether somebody is in the middle of reading it."""
        return any(reader.is_open for reader in self._readers)

    def since(self, position: int) -> str:
        """The reply from `position` on, as far as it is there."""
        first = bisect_right(self._ends, position)
        if first == len(self._ends):
            return ""
        skipped = position - (self._ends[first - 1] if first else 0)
        return "".join([self._pieces[first][skipped:], *self._pieces[first + 1 :]])

    def show(self, seen: Seen, user_message: Message | None) -> None:
        """Tell what the model is sent, and the message that it is to answer."""
        self.seen, self.user_message = seen, user_message
        self._tell()

    def add(self, piece: str) -> None:
        """Tell the next piece of the reply; not empty."""
        if self.early_thoughts is None:
            self.early_thoughts = len(self.thoughts)
        self._pieces.append(piece)
        self._ends.append(self.length + len(piece))
        self._tell()

    def think(self, thought: str, member: str) -> None:
        """Tell the next part of what the model thinks; perhaps empty."""
        if thought:
            self.thoughts += thought
            self.thought_member = self.thought_member or member
            self._tell()

    def catch_up(self, text: str) -> None:
        """Tell what `text`, the whole reply so far, has beyond what is known."""
        if len(text) > self.length:
            self.add(text[self.length :])

    def finish(self, outcome: Outcome) -> None:
        """Tell how it ended; only the first time counts."""
        self.outcome = self.outcome or outcome
        self._tell()

    def correct(self, user_message: Message | None, reply: Message | None) -> None:
        """Take both messages as they are stored now: what has been erased is told no more."""
        self.user_message = user_message or self.user_message
        if reply is None or self.outcome is None or self.outcome.message is None:
            return
        self.outcome = Outcome(self.outcome.state, reply, self.outcome.error)
        if reply.deleted:
            self._pieces, self._ends, self.thoughts = [], [], ""
            self.early_thoughts = None

    def successor(self) -> "Feed":
        """The same turn for those who ask from now on, while its end here has been told."""
        feed = Feed(self.session_id, self.user_id, self.turn_id, self.begun_at)
        feed.seen, feed.user_message, feed.erasures = self.seen, self.user_message, self.erasures
        feed.think(self.thoughts, self.thought_member)
        feed.catch_up(self.text)
        feed.early_thoughts, feed.refuses = self.early_thoughts, self.refuses
        return feed

    async def ended(self, seconds: float) -> bool:
        """Wait for the end, at most so long; whether it is there."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.outcome is None and (left := until - loop.time()) > 0:
            await self.news(left)
        return self.outcome is not None

    async def begun(self, seconds: float) -> None:
        """Wait for the first of the reply, or the end without any, at most so long."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.has_begun and (left := until - loop.time()) > 0:
            await self.news(left)

    async def news(self, seconds: float) -> bool:
        """Wait for the next change, at most so long; whether there was one."""
        loop = asyncio.get_running_loop()
        change: asyncio.Future[bool] = loop.create_future()
        self._waiting.append(change)
        timer = loop.call_later(seconds, _settle, change, False)
        try:
            return await change
        finally:
            timer.cancel()
            if not change.done() or not change.result():
                self._waiting = [each for each in self._waiting if each is not change]

    def read_by(self, reader: "Reader") -> None:
        """Count a reader in for as long as it is open."""
        self._readers.add(reader)

    def _tell(self) -> None:
        waiting, self._waiting = self._waiting, []
        for change in waiting:
            _settle(change, True)


def _settle(change: "asyncio.Future[bool]", happened: bool) -> None:
    if not change.done():
        change.set_result(happened)


class Reader:
    """Reads a feed in order, each thing once."""

    def __init__(self, feed: Feed, after: Place | None = None) -> None:
        self.feed = feed
        if after is None or after.turn_id != feed.turn_id:
            after = Place(feed.turn_id)
        self._characters = after.characters
        self._thoughts = after.thoughts
        self._past = after.past
        self._patience = 0 if feed.runs_here else feed.readings + AHEAD_READINGS
        self.is_open = True
        feed.read_by(self)

    @property
    def ended(self) -> bool:
        """Whether everything has been read."""
        return self._past == _END

    @property
    def has_news(self) -> bool:
        """Whether `take` would give something."""
        feed = self.feed
        if self.ended:
            return False
        if self._characters is None and not self._past:
            return feed.seen is not None or feed.outcome is not None
        more = feed.length > self._position() or len(feed.thoughts) > self._thoughts
        return feed.outcome is not None or more

    async def wait(self, seconds: float) -> bool:
        """Wait for news, at most so long; whether there is some."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self.has_news:
            left = until - loop.time()
            if left <= 0:
                return False
            is_ahead = (self._characters or 0) > self.feed.length
            await self.feed.news(min(left, _AHEAD_LOOK_SECONDS) if is_ahead else left)
        return True

    def take(self) -> list[tuple[Place, Event]]:
        """What has happened since the last time, each event with the position behind it."""
        return list(self._take())

    def close(self) -> None:
        """Nobody reads on."""
        self.is_open = False

    def _take(self) -> Iterator[tuple[Place, Event]]:
        feed = self.feed
        if not self._past:
            yield from self._take_reply()
        outcome = feed.outcome
        if outcome is None or self.ended:
            return
        if self._past != _MESSAGE and outcome.message is not None:
            self._past = _MESSAGE
            yield self._here(), Stored(outcome.message)
        self._past = _END
        self.close()
        if outcome.error is not None:
            yield self._here(), Failed(outcome.error)
        elif outcome.state is not TurnState.RUNNING:
            yield self._here(), Done(outcome.state.value)

    def _take_reply(self) -> Iterator[tuple[Place, Event]]:
        feed = self.feed
        if self._characters is None and feed.seen is not None:
            self._characters = 0
            yield self._here(), Context(feed.seen, feed.user_message)
        if self._characters is not None and (thought := feed.thoughts[self._thoughts :]):
            self._thoughts += len(thought)
            yield self._here(), Thinking(thought, feed.thought_member)
        if self._characters is not None and (text := feed.since(self._position())):
            self._characters += len(text)
            yield self._here(), Delta(text)

    def _position(self) -> int:
        """Characters read, at most as many as there are once all that was said must be here."""
        position = self._characters or 0
        if position > self.feed.length and self.feed.readings >= self._patience:
            position = self._characters = self.feed.length
        return position

    def _here(self) -> Place:
        return Place(self.feed.turn_id, self._characters, self._past, self._thoughts)
