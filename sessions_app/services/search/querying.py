"""Finding messages and titles by what they say.

What is in the index comes from there, the rest is read as it stands, so that a person's own search
sees what was appended a moment ago. Every hit is compared with the message itself before it is
shown: the index only says where to look.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sessions_app.domain import search as search_rules
from sessions_app.domain.data import Role
from sessions_app.domain.search.data import (
    SearchedSession,
    SearchedText,
    SearchFilter,
    SearchHit,
    SearchResults,
    TextRange,
)
from sessions_app.domain.search.query import SearchQuery
from sessions_app.repository import search as search_store
from sessions_app.services.search import indexing

# How long a search indexes what is new, looks through what is not indexed, and in all.
_INDEXING_SECONDS = 0.5
_SECONDS = 8.0
# Blocks that are compared with their messages at a time: few at first, as few often do.
_FIRST_BLOCKS, _MORE_BLOCKS = 24, 200
_SCANNED_AT_A_TIME = 1_000


def search_own(*, user_id: str, text: str, limit: int, now: datetime) -> SearchResults:
    """The user's own messages and titles, archived sessions included, expired ones not."""
    started = time.monotonic()
    query = search_rules.query.parse(text)
    if query.is_empty:
        return SearchResults([])
    backlog = indexing.catch_up(user_id=user_id, seconds=_INDEXING_SECONDS, now=now)
    search = _Search(
        query=query,
        user_id=user_id,
        limit=limit,
        deadline=started + _SECONDS,
        admits=lambda session: not session.has_expired(now),
    )
    search.scan(backlog)
    search.look_up()
    return SearchResults(search.best(), complete=search.complete)


def search_all(*, text: str, limit: int, wanted: SearchFilter, now: datetime) -> SearchResults:
    """Everybody's messages and titles, for staff; the caller logs that they were read.

    The index is brought up for a moment first, and the answer says until when it reaches.
    """
    started = time.monotonic()
    query = search_rules.query.parse(text)
    if query.is_empty:
        return SearchResults([])
    backlog = indexing.catch_up(user_id=wanted.user_id, seconds=_INDEXING_SECONDS, now=now)
    search = _Search(
        query=query,
        user_id=wanted.user_id,
        limit=limit,
        deadline=started + _SECONDS,
        admits=lambda session: wanted.status in (None, session.status),
        since=wanted.since,
        until=wanted.until,
    )
    if wanted.user_id is not None:
        search.scan(backlog)
    search.look_up()
    behind = wanted.user_id is None and bool(backlog.sessions)
    return SearchResults(
        search.best(),
        complete=search.complete and not behind,
        indexed_until=search_store.index.progress(indexing.EVERYBODY) if behind else None,
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A title or a message that was found, before its snippet is cut; the best sorts first."""

    rank: int
    session: SearchedSession
    text: SearchedText | None = None

    @property
    def timestamp(self) -> datetime:
        return self.text.timestamp if self.text else self.session.updated_at

    def __lt__(self, other: "_Found") -> bool:
        return (self.rank, other.timestamp) < (other.rank, self.timestamp)


@dataclass(slots=True)
class _Search:
    """One search under way: hits as they are found, each with its rank, the lowest first."""

    query: SearchQuery
    user_id: str | None
    limit: int
    deadline: float
    admits: Callable[[SearchedSession], bool]
    since: datetime | None = None
    until: datetime | None = None
    complete: bool = True
    messages: dict[tuple[str, int], _Found] = field(default_factory=dict)
    titles: dict[str, _Found] = field(default_factory=dict)

    def best(self) -> list[SearchHit]:
        """Titles before messages, whole words before beginnings, then the newest.

        Titles take up to half of the room, more only where messages leave it.
        """
        messages, titles = sorted(self.messages.values()), sorted(self.titles.values())
        room = max(self.limit - len(messages), (self.limit + 1) // 2)
        shown = [*titles[:room], *messages][: self.limit]
        return [_hit(found, self.query) for found in shown]

    def scan(self, backlog: indexing.Backlog) -> None:
        """Compare what is not indexed, the newest first."""
        self._take_titles(backlog.sessions)
        sessions = {session.session_id: session for session in backlog.sessions}
        for ranges in _in_portions(reversed(backlog.ranges)):
            if len(self.messages) >= self.limit or self._is_over():
                return
            self._take_messages(ranges, sessions)

    def look_up(self) -> None:
        """Compare what the index says: whole words first, beginnings where that leaves room."""
        asked = [self.query.completed]
        if self.query.beginning:
            asked.append(self.query)
        for titles in (True, False):
            for query in asked:
                if len(self.titles if titles else self.messages) < self.limit:
                    self._look_up(query, titles=titles)

    def _look_up(self, query: SearchQuery, *, titles: bool) -> None:
        found, skip, size = self.titles if titles else self.messages, 0, _FIRST_BLOCKS
        while True:
            if self._is_over():
                return
            page: dict[str, int] = {"skip": skip, "limit": size}
            ranges = (
                search_store.reading.candidates_of_all(query, titles=titles, **page)
                if self.user_id is None
                else search_store.reading.candidates(
                    query, user_id=self.user_id, titles=titles, **page
                )
            )
            ids = list({wanted.session_id for wanted in ranges})
            sessions = search_store.reading.sessions(ids, user_id=self.user_id) if ids else {}
            if titles:
                self._take_titles(sessions.values())
            else:
                self._take_messages(ranges, sessions)
            if len(ranges) < size or len(found) >= self.limit:
                return
            skip, size = skip + size, _MORE_BLOCKS

    def _take_titles(self, sessions: Iterable[SearchedSession]) -> None:
        for session in sessions:
            rank = self._rank(session.title) if self.admits(session) else None
            if rank is not None and self._is_in_time(session.updated_at):
                self.titles[session.session_id] = _Found(rank, session)

    def _take_messages(
        self, ranges: Sequence[TextRange], sessions: dict[str, SearchedSession]
    ) -> None:
        there = [
            wanted
            for wanted in ranges
            if wanted.session_id in sessions and self.admits(sessions[wanted.session_id])
        ]
        for text in search_store.reading.texts(there) if there else ():
            rank = self._rank(text.content) if self._is_in_time(text.timestamp) else None
            if rank is not None:
                found = _Found(rank, sessions[text.session_id], text)
                self.messages[text.session_id, text.seq] = found

    def _rank(self, content: str) -> int | None:
        folded = search_rules.text.fold(content)
        if not self.query.matches(folded):
            return None
        return 0 if self.query.completed.matches(folded) else 1

    def _is_in_time(self, moment: datetime) -> bool:
        return (self.since is None or moment >= self.since) and (
            self.until is None or moment <= self.until
        )

    def _is_over(self) -> bool:
        if time.monotonic() < self.deadline:
            return False
        self.complete = False
        return True


def _hit(found: _Found, query: SearchQuery) -> SearchHit:
    session, text = found.session, found.text
    return SearchHit(
        session_id=session.session_id,
        user_id=session.user_id,
        title=session.title,
        seq=text.seq if text else None,
        role=Role(text.role) if text else None,
        snippet=search_rules.text.snippet(
            text.content if text else session.title, query.patterns[0]
        ),
        timestamp=found.timestamp,
    )


def _in_portions(ranges: Iterable[TextRange]) -> Iterator[list[TextRange]]:
    """The ranges in the order given, long ones from their end, about 1,000 messages at a time."""
    held: list[TextRange] = []
    room = _SCANNED_AT_A_TIME
    for whole in ranges:
        last = whole.last
        while last >= whole.first:
            first = max(whole.first, last - room + 1)
            held.append(TextRange(whole.session_id, first, last))
            room -= last - first + 1
            last = first - 1
            if room == 0:
                yield held
                held, room = [], _SCANNED_AT_A_TIME
    if held:
        yield held
