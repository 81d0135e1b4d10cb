"""Keeping the index of search up with what is said: when somebody searches, never while appending.

Sessions are taken in order of their last activity, and progress is the activity up to which all
are indexed. What is appended meanwhile moves its session to the end of that order, so that nothing
is passed over; MARGIN allows for writes under way and for workers' clocks that differ.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sessions_app.domain import search_text
from sessions_app.domain.annotations import block_start
from sessions_app.domain.data import SessionPosition
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.domain.search_data import (
    IndexedBlock,
    IndexedSession,
    SearchedSession,
    SearchedText,
    TextRange,
)
from sessions_app.repository import search_index, search_reading

EVERYBODY = "*"
MARGIN = timedelta(minutes=5)
# Progress is written when it has moved by this much, rather than at every search.
_STEP = timedelta(minutes=1)
_PAGE = 200
# Messages that are read, and indexed, at a time.
_RUN = 8 * ANNOTATION_BLOCK
# So that no document of the index comes near MongoDB's 16 MB, whatever was pasted.
_TERMS_MAX = 20_000
_ATTEMPTS = 5


@dataclass(slots=True)
class Backlog:
    """What is not in the index yet: sessions whose titles, and ranges of messages, oldest first."""

    sessions: list[SearchedSession] = field(default_factory=list)
    ranges: list[TextRange] = field(default_factory=list)
    # Sessions that were indexed on the way, and their messages.
    indexed_sessions: int = 0
    indexed_messages: int = 0

    def add(self, session: SearchedSession, reached: IndexedSession) -> None:
        """Note what of a session is missing."""
        self.sessions.append(session)
        for start in reached.holes:
            last = min(start + ANNOTATION_BLOCK - 1, reached.indexed)
            self.ranges.append(TextRange(session.session_id, start, last))
        if reached.indexed < session.message_count:
            self.ranges.append(
                TextRange(session.session_id, reached.indexed + 1, session.message_count)
            )


def catch_up(*, user_id: str | None, seconds: float, now: datetime) -> Backlog:
    """Index what has happened since the last time, for at most about `seconds`.

    The backlog that is left is complete for one user; for everybody (None) it is its beginning.
    """
    key = EVERYBODY if user_id is None else user_id
    deadline = time.monotonic() + seconds
    since = search_index.progress(key)
    backlog, reached = Backlog(), since
    for page in _pages(user_id, since):
        _catch_up_page(page, backlog, deadline)
        if not backlog.sessions:
            reached = page[-1].updated_at
        elif user_id is None:
            break
    else:
        reached = now if reached is not None and not backlog.sessions else reached
    if reached is not None:
        until = min(reached, now - MARGIN)
        if since is None or until - since >= _STEP:
            search_index.advance(key, until)
    return backlog


def _pages(user_id: str | None, since: datetime | None) -> Iterator[list[SearchedSession]]:
    after: SessionPosition | None = None
    while page := search_index.moved(user_id=user_id, since=since, after=after, limit=_PAGE):
        yield page
        if len(page) < _PAGE:
            return
        after = SessionPosition(page[-1].updated_at, page[-1].session_id)


def _catch_up_page(page: Sequence[SearchedSession], backlog: Backlog, deadline: float) -> None:
    found = search_index.indexed([session.session_id for session in page])
    behind = [
        session
        for session in page
        if session.session_id not in found or not found[session.session_id].is_current(session)
    ]
    new = [session for session in behind if session.session_id not in found]
    if new and time.monotonic() < deadline:
        search_index.begin(new)
        found |= search_index.indexed([session.session_id for session in new])
    for session in behind:
        before = found.get(session.session_id, IndexedSession(session.session_id))
        reached: IndexedSession | None = before
        if time.monotonic() < deadline:
            reached = index_session(session, before, deadline=deadline)
            backlog.indexed_sessions += 1
            backlog.indexed_messages += (reached.indexed - before.indexed) if reached else 0
        if reached is not None and not reached.is_current(session):
            backlog.add(session, reached)


def index_session(
    session: SearchedSession, before: IndexedSession, *, deadline: float
) -> IndexedSession | None:
    """Index what is missing of a session; how far it got by `deadline`, None when it is gone.

    `before` must have been read ahead of this, so that an erasure in between is noticed.
    """
    failed = 0
    while failed < _ATTEMPTS and not before.is_current(session):
        missed = before.has_missed_an_erasure(session)
        done = None if missed else _index_run(session, before)
        if done is not None:
            before = done
            if time.monotonic() >= deadline:
                break
            continue
        failed += 1
        if missed:
            search_index.forget_session(session.session_id)
        fresh = search_index.session(session.session_id)
        if fresh is None:
            search_index.forget_session(session.session_id)
            return None
        session = fresh
        search_index.begin([session])
        before = search_index.indexed([session.session_id]).get(
            session.session_id, IndexedSession(session.session_id)
        )
    return before


def _index_run(session: SearchedSession, before: IndexedSession) -> IndexedSession | None:
    """Index the holes and the next messages; None when the session has changed meanwhile."""
    first = block_start(before.indexed + 1)
    last = max(before.indexed, min(first + _RUN - 1, session.message_count))
    ranges = [
        TextRange(session.session_id, start, start + ANNOTATION_BLOCK - 1)
        for start in before.holes
        if start < first
    ]
    if last > before.indexed or first in before.holes:
        ranges.append(TextRange(session.session_id, first, last))
    search_index.write_blocks(session, list(_blocks(search_reading.texts(ranges))))
    finished = search_index.finish(
        before,
        session,
        indexed=last,
        title_terms=sorted(search_text.terms(session.title)),
    )
    if not finished:
        return None
    return IndexedSession(
        session_id=session.session_id,
        indexed=last,
        erasure_count=session.erasure_count,
        title=session.title,
    )


def _blocks(texts: Sequence[SearchedText]) -> Iterator[IndexedBlock]:
    """Texts, in order, as blocks that stay within one run of 64 and within _TERMS_MAX terms."""
    held: list[SearchedText] = []
    terms: set[str] = set()
    for text in texts:
        same = bool(held) and block_start(held[0].seq) == block_start(text.seq)
        if held and (not same or len(terms) > _TERMS_MAX):
            yield _block(held, terms)
            held, terms = [], set()
        held.append(text)
        terms |= search_text.terms(text.content)
    if held:
        yield _block(held, terms)


def _block(texts: Sequence[SearchedText], terms: set[str]) -> IndexedBlock:
    return IndexedBlock(texts[0].seq, texts[-1].seq, texts[0].timestamp, sorted(terms))
