"""What search passes between its layers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sessions_app.domain.data import Role, Status


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A message that was found; or a title, with neither `seq` nor `role`.

    `snippet` is plain text around the first hit; `timestamp` is the message's, or the session's
    last activity.
    """

    session_id: str
    user_id: str
    title: str
    seq: int | None
    role: Role | None
    snippet: str
    timestamp: datetime


@dataclass(frozen=True, slots=True)
class SearchFilter:
    """Whose and which sessions staff look through; None is any. Times are those of the hits."""

    user_id: str | None = None
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SearchResults:
    """Hits, best first.

    `complete` says that nothing was left out for want of time. A search through everybody's
    sessions sees what happened until `indexed_until`; None is to this moment.
    """

    hits: Sequence[SearchHit]
    complete: bool = True
    indexed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SearchedSession:
    """What search needs of a session."""

    session_id: str
    user_id: str
    title: str
    status: Status
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None
    message_count: int
    erasure_count: int

    def has_expired(self, now: datetime) -> bool:
        """As `lifecycle.has_expired`."""
        return (
            self.status is Status.ACTIVE and self.expires_at is not None and self.expires_at <= now
        )


@dataclass(frozen=True, slots=True)
class IndexedSession:
    """How far a session has been indexed.

    `holes` are the first `seq` of blocks that an erasure has taken out; `forgotten` counts the
    erasures that did so since `erasure_count` was read.
    """

    session_id: str
    indexed: int = 0
    erasure_count: int = 0
    forgotten: int = 0
    holes: Sequence[int] = ()
    title: str | None = None

    def is_current(self, session: SearchedSession) -> bool:
        """Whether all that `session` says can be found."""
        return (
            self.indexed >= session.message_count
            and not self.holes
            and self.title == session.title
            and not self.has_missed_an_erasure(session)
        )

    def has_missed_an_erasure(self, session: SearchedSession) -> bool:
        """Whether a message was erased whose words nobody has taken out."""
        return session.erasure_count - self.erasure_count > self.forgotten


class IndexedBlock(NamedTuple):
    """By which terms the messages `first_seq` to `last_seq` are found."""

    first_seq: int
    last_seq: int
    first_at: datetime
    terms: Sequence[str]


class TextRange(NamedTuple):
    """Messages `first` to `last` of a session, both included."""

    session_id: str
    first: int
    last: int


class SearchedText(NamedTuple):
    """A message as far as search is concerned; erased ones are never among these."""

    session_id: str
    seq: int
    role: str
    content: str
    timestamp: datetime
