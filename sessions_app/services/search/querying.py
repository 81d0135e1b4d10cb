"""Searches messages and titles.

Candidates come from the index, and from reading what is not indexed yet, so that a user's own
search covers what was appended a moment ago. Every candidate is compared with the message itself:
the index only says which messages to read.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain import search as search_rules
from sessions_app.domain.data import Role
from sessions_app.domain.errors import SearchInProgress
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
from sessions_app.services.quotas import search_take
from sessions_app.services.search import attached, indexing
from sessions_app.services.throttling import caller_key, one_at_a_time

# The time for indexing what is new, and for a whole search of staff.
_INDEXING_SECONDS = 0.5
_SECONDS = 8.0
# Longer than any search: a worker that dies during one keeps its user from another for so long.
_LEASE_SECONDS = 20
# A user's own search is answered sooner, with what has been found until then.
OWN_SECONDS = 2.0
# Blocks of messages that are read at a time: few at first, since these often hold enough hits.
_FIRST_BLOCKS, _MORE_BLOCKS = 24, 200
_SCANNED_AT_A_TIME = 1_000
# Blocks of messages that are in memory at a time.
_READ_AT_A_TIME = 8


@tracing.step
def search_own(
    *, user_id: str, text: str, limit: int, now: datetime, seconds: float = OWN_SECONDS
) -> SearchResults:
    """Search the user's own messages and titles, in archived sessions too, in expired ones not.

    For about `seconds`; what has been found until then may be incomplete, and says so. Raises
    SearchInProgress while another search of this user runs, on any worker, and SearchesQuota.
    """
    started = time.monotonic()
    query = search_rules.query.parse(text)
    if query.is_empty:
        return SearchResults([])
    with one_at_a_time(key=_running(user_id), seconds=_LEASE_SECONDS, now=now) as begun:
        if not begun:
            raise SearchInProgress
        search_take(user_id, now=now)
        return _own(query, user_id=user_id, limit=limit, deadline=started + seconds, now=now)


def _own(
    query: SearchQuery, *, user_id: str, limit: int, deadline: float, now: datetime
) -> SearchResults:
    seconds = deadline - time.monotonic()
    indexing_seconds = min(_INDEXING_SECONDS, seconds / 2)
    backlog = indexing.catch_up(user_id=user_id, seconds=indexing_seconds, now=now)
    search = _Search(
        query=query,
        user_id=user_id,
        limit=limit,
        deadline=deadline,
        admits=lambda session: not session.has_expired(now),
    )
    search.scan(backlog)
    search.look_up()
    return SearchResults(search.best(), complete=search.complete)


@tracing.step
def search_all(
    *, text: str, limit: int, wanted: SearchFilter, staff_id: str, now: datetime
) -> SearchResults:
    """Search all users' messages and titles, for staff; the caller writes the read log.

    Indexes for a moment first; the results say until when the index reaches. Raises
    SearchInProgress while another search of `staff_id` runs.
    """
    query = search_rules.query.parse(text)
    if query.is_empty:
        return SearchResults([])
    with one_at_a_time(key=_running(staff_id), seconds=_LEASE_SECONDS, now=now) as begun:
        if not begun:
            raise SearchInProgress
        return _all(query, limit=limit, wanted=wanted, now=now)


def _running(caller: str) -> str:
    """Begins like the counters of the caller's searches, so that an erasure finds it."""
    return f"{caller_key(scope='search', caller=caller)}/running"


def _all(query: SearchQuery, *, limit: int, wanted: SearchFilter, now: datetime) -> SearchResults:
    started = time.monotonic()
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
    # A backlog of one user was scanned, so it hides nothing.
    behind = wanted.user_id is None and bool(backlog.sessions)
    return SearchResults(
        search.best(),
        complete=search.complete and not behind,
        indexed_until=search_store.index.progress(indexing.EVERYBODY) if behind else None,
    )


@dataclass(frozen=True, slots=True)
class _Match:
    """A matching title or message, before its snippet is cut; the best sorts first."""

    rank: int
    session: SearchedSession
    text: SearchedText | None = None

    @property
    def timestamp(self) -> datetime:
        return self.text.timestamp if self.text else self.session.updated_at

    def __lt__(self, other: "_Match") -> bool:
        return (self.rank, other.timestamp) < (other.rank, self.timestamp)


@dataclass(slots=True)
class _Search:
    """A search in progress, with the matches so far; a lower rank is better."""

    query: SearchQuery
    user_id: str | None
    limit: int
    deadline: float
    admits: Callable[[SearchedSession], bool]
    since: datetime | None = None
    until: datetime | None = None
    complete: bool = True
    messages: dict[tuple[str, int], _Match] = field(default_factory=dict)
    titles: dict[str, _Match] = field(default_factory=dict)

    def best(self) -> list[SearchHit]:
        """The best hits: titles before messages, whole words before beginnings, then the newest.

        Titles take up to half of the room, and more where messages leave it.
        """
        messages, titles = sorted(self.messages.values()), sorted(self.titles.values())
        # Titles must not crowd out messages, nor leave room unused.
        room = max(self.limit - len(messages), (self.limit + 1) // 2)
        shown = [*titles[:room], *messages][: self.limit]
        return [_hit(match, self.query) for match in shown]

    def scan(self, backlog: indexing.Backlog) -> None:
        """Match what is not indexed, newest first."""
        self._take_titles(backlog.sessions)
        sessions = {session.session_id: session for session in backlog.sessions}
        # Newest first: those are the hits that are shown.
        for ranges in _in_portions(reversed(backlog.ranges)):
            if len(self.messages) >= self.limit or self._is_over():
                return
            self._take_messages(ranges, sessions)

    def look_up(self) -> None:
        """Match the index's candidates: whole words first, beginnings where room is left."""
        # Whole words first: fewer candidates, and better hits.
        queries = [self.query.completed]
        if self.query.beginning:
            queries.append(self.query)
        for titles in (True, False):
            for query in queries:
                if len(self.titles if titles else self.messages) < self.limit:
                    self._look_up(query, titles=titles)

    def _look_up(self, query: SearchQuery, *, titles: bool) -> None:
        matches, skip, size = self.titles if titles else self.messages, 0, _FIRST_BLOCKS
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
            ids = list({text_range.session_id for text_range in ranges})
            sessions = search_store.reading.sessions(ids, user_id=self.user_id) if ids else {}
            if titles:
                self._take_titles(sessions.values())
            else:
                self._take_messages(ranges, sessions)
            if len(ranges) < size or len(matches) >= self.limit:
                return
            # The first blocks held too few hits, so the next reads are larger.
            skip, size = skip + size, _MORE_BLOCKS

    def _take_titles(self, sessions: Iterable[SearchedSession]) -> None:
        for session in sessions:
            if self._is_over():
                return
            rank = self._rank(session.title) if self.admits(session) else None
            if rank is not None and self._is_in_time(session.updated_at):
                self.titles[session.session_id] = _Match(rank, session)

    def _take_messages(
        self, ranges: Sequence[TextRange], sessions: dict[str, SearchedSession]
    ) -> None:
        admitted = [
            text_range
            for text_range in ranges
            if text_range.session_id in sessions and self.admits(sessions[text_range.session_id])
        ]
        for at in range(0, len(admitted), _READ_AT_A_TIME):
            for text in attached.texts(admitted[at : at + _READ_AT_A_TIME]):
                # At each message: one may take tens of milliseconds, and a page has thousands.
                if self._is_over():
                    return
                self._take(text, sessions[text.session_id])

    def _take(self, text: SearchedText, session: SearchedSession) -> None:
        rank = self._rank(text.content) if self._is_in_time(text.timestamp) else None
        if rank is not None:
            self.messages[text.session_id, text.seq] = _Match(rank, session, text)

    def _rank(self, content: str) -> int | None:
        folded = search_rules.text.fold(content)
        if not self.query.matches(folded):
            return None
        # A whole word is a better hit than a beginning.
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


def _hit(match: _Match, query: SearchQuery) -> SearchHit:
    session, text = match.session, match.text
    return SearchHit(
        session_id=session.session_id,
        user_id=session.user_id,
        title=session.title,
        seq=text.seq if text else None,
        role=Role(text.role) if text else None,
        snippet=search_rules.text.snippet(
            text.content if text else session.title, query.patterns[0]
        ),
        timestamp=match.timestamp,
    )


def _in_portions(ranges: Iterable[TextRange]) -> Iterator[list[TextRange]]:
    """Group ranges, in this order, into portions of 1,000 messages; long ones from their end."""
    portion: list[TextRange] = []
    room = _SCANNED_AT_A_TIME
    for whole in ranges:
        last = whole.last
        while last >= whole.first:
            first = max(whole.first, last - room + 1)
            portion.append(TextRange(whole.session_id, first, last))
            room -= last - first + 1
            last = first - 1
            if room == 0:
                yield portion
                portion, room = [], _SCANNED_AT_A_TIME
    if portion:
        yield portion
