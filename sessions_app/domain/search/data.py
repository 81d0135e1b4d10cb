"""The data that search passes between its layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sessions_app.domain.data import Role, Status


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A matching message; or a matching title, without `seq` and `role`.

    `snippet` is plain text around the first match; `timestamp` is the message's, or the last
    activity of a session whose title matches.
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
    """The sessions that staff search, and the times of hits; None is any."""

    user_id: str | None = None
    status: Status | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SearchResults:
    """Hits, best first.

    `complete` is false where the search ran out of time. A search of all users' sessions covers
    what happened until `indexed_until`; None is now.
    """

    hits: Sequence[SearchHit]
    complete: bool = True
    indexed_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class SearchedSession:
    """A session as search needs it."""

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
        """The same as `lifecycle.has_expired`."""
        return (
            self.status is Status.ACTIVE and self.expires_at is not None and self.expires_at <= now
        )


@dataclass(frozen=True, slots=True)
class IndexedSession:
    """How far a session has been indexed.

    `holes` are the first seqs of blocks that an erasure has removed from the index; `forgotten`
    counts those erasures since `erasure_count` was read.
    """

    session_id: str
    indexed: int = 0
    erasure_count: int = 0
    forgotten: int = 0
    holes: Sequence[int] = ()
    title: str | None = None

    def is_current(self, session: SearchedSession) -> bool:
        """Whether the index holds all messages and the title of `session`."""
        return (
            self.indexed >= session.message_count
            and not self.holes
            and self.title == session.title
            and not self.has_missed_an_erasure(session)
        )

    def has_missed_an_erasure(self, session: SearchedSession) -> bool:
        """Whether a message was erased whose words may still be in the index."""
        # The indexer may have read a message before it was erased, and written its words after.
        return session.erasure_count - self.erasure_count > self.forgotten


class Finished(NamedTuple):
    """How far a session, as it was read with its progress `before`, is indexed now."""

    before: IndexedSession
    session: SearchedSession
    indexed: int
    holes: Sequence[int]


class IndexedBlock(NamedTuple):
    """The terms of the messages `first_seq..last_seq`."""

    first_seq: int
    last_seq: int
    first_at: datetime
    terms: Sequence[str]


class TextRange(NamedTuple):
    """The messages `first..last` of a session, both included."""

    session_id: str
    first: int
    last: int


class SearchedText(NamedTuple):
    """A message as search needs it; erased messages are never among these.

    `parts` are those that it has beside its text.
    """

    session_id: str
    seq: int
    role: str
    content: str
    timestamp: datetime
    parts: Sequence[Mapping[str, Any]] = ()
