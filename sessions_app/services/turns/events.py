"""A turn as a sequence of events, from its beginning or from where a reader left off."""

from dataclasses import dataclass

from sessions_app.domain.data import Message
from sessions_app.domain.errors import SessionError
from sessions_app.domain.turns import Seen, TurnState
from sessions_app.services.turns.feeds import Feed

_MESSAGE, _END = "message", "end"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader is in a turn: `characters` of the reply, or behind the `message` or the `end`.

    `characters` None is before everything.
    """

    turn_id: str
    characters: int | None = None
    past: str = ""

    def __str__(self) -> str:
        return f"{self.turn_id}:{self.past or self.characters}"


def place(event_id: str) -> Place | None:
    """The place that an event's id stands for; None for what is no such id."""
    turn_id, _, where = event_id.partition(":")
    if where in {_MESSAGE, _END}:
        return Place(turn_id, past=where)
    if where.isascii() and where.isdigit() and len(where) < 10:
        return Place(turn_id, int(where))
    return None


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


Event = Context | Delta | Stored | Failed | Done


class Reader:
    """Reads a feed in order, each thing once; used by one thread at a time."""

    def __init__(self, feed: Feed, after: Place | None = None) -> None:
        self.feed = feed
        if after is None or after.turn_id != feed.turn_id:
            after = Place(feed.turn_id)
        self._characters = after.characters
        self._past = after.past

    @property
    def ended(self) -> bool:
        """Whether everything has been read."""
        return self._past == _END

    @property
    def begun(self) -> bool:
        """Whether some of the reply has been read."""
        return bool(self._characters)

    @property
    def has_news(self) -> bool:
        """Whether `take` would give something."""
        feed = self.feed
        if self.ended:
            return False
        if self._characters is None and not self._past:
            return feed.seen is not None or feed.outcome is not None
        return feed.outcome is not None or feed.length > (self._characters or 0)

    def take(self) -> list[tuple[Place, Event]]:
        """What has happened since the last time, each event with the place behind it."""
        found: list[tuple[Place, Event]] = []
        feed = self.feed
        # Asked first: what is read after it is then all there is.
        outcome = feed.outcome
        if not self._past:
            self._take_reply(found)
        if outcome is None or self.ended:
            return found
        if outcome.state is TurnState.RUNNING:
            self._past = _END
            return found
        if outcome.error is not None:
            self._past = _END
            return [*found, (self._here(), Failed(outcome.error))]
        if self._past != _MESSAGE and outcome.message is not None:
            self._past = _MESSAGE
            found.append((self._here(), Stored(outcome.message)))
        self._past = _END
        return [*found, (self._here(), Done(outcome.state.value))]

    def _take_reply(self, found: list[tuple[Place, Event]]) -> None:
        feed = self.feed
        if self._characters is None and feed.seen is not None:
            self._characters = 0
            found.append((self._here(), Context(feed.seen, feed.user_message)))
        if self._characters is not None and (text := feed.since(self._characters)):
            self._characters += len(text)
            found.append((self._here(), Delta(text)))

    def _here(self) -> Place:
        return Place(self.feed.turn_id, self._characters, self._past)
