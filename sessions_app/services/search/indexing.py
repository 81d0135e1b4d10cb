"""Keeping the index of search up with what is said: when somebody searches, never while appending.

Sessions are taken in order of their last activity, and progress is the activity up to which all
are indexed. What is appended meanwhile moves its session to the end of that order, so that nothing
is passed over; MARGIN allows for writes under way and for workers' clocks that differ.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby

from django.utils.crypto import salted_hmac

from sessions_app.domain import search as search_rules
from sessions_app.domain.annotations import block_start
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.domain.search.data import (
    IndexedBlock,
    IndexedSession,
    SearchedSession,
    SearchedText,
    TextRange,
)
from sessions_app.repository import search as search_store

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
    key = progress_key(user_id)
    deadline = time.monotonic() + seconds
    since = search_store.index.progress(key)
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
            search_store.index.advance(key, until)
    return backlog


def fall_back(sessions: Iterable[tuple[str, datetime]]) -> None:
    """Let the index notice sessions that were stored with an activity of long ago.

    Given their users and activities; asked for after they were stored.
    """
    found = list(sessions)
    if found:
        users = {user_id for user_id, _ in found}
        keys = [EVERYBODY, *map(progress_key, users)]
        search_store.index.fall_back(keys, min(moment for _, moment in found))


def progress_key(user_id: str | None) -> str:
    """What progress is kept under: a keyed hash, so that nothing of it names anybody."""
    if user_id is None:
        return EVERYBODY
    return salted_hmac("sessions_app.search_progress", user_id, algorithm="sha256").hexdigest()


def _pages(user_id: str | None, since: datetime | None) -> Iterator[list[SearchedSession]]:
    after: tuple[datetime, str] | None = None
    while page := (
        search_store.index.moved_of_all(since=since, after=after, limit=_PAGE)
        if user_id is None
        else search_store.index.moved(user_id=user_id, since=since, after=after, limit=_PAGE)
    ):
        yield page
        if len(page) < _PAGE:
            return
        after = page[-1].updated_at, page[-1].session_id


def _catch_up_page(page: Sequence[SearchedSession], backlog: Backlog, deadline: float) -> None:
    found = indexed(page)
    behind = [each for each in page if not found[each.session_id].is_current(each)]
    for portion in portions(behind, found):
        reached: dict[str, IndexedSession] = found
        if time.monotonic() < deadline:
            reached = index_sessions(portion, deadline=deadline)
            for session in portion:
                backlog.indexed_sessions += 1
                if now := reached.get(session.session_id):
                    before = found[session.session_id].indexed
                    backlog.indexed_messages += max(0, now.indexed - before)
        for session in portion:
            there = reached.get(session.session_id)
            if there is not None and not there.is_current(session):
                backlog.add(session, there)


def indexed(sessions: Sequence[SearchedSession]) -> dict[str, IndexedSession]:
    """How far each of the sessions has been indexed."""
    found = search_store.index.indexed([session.session_id for session in sessions])
    return {
        session.session_id: found.get(session.session_id, IndexedSession(session.session_id))
        for session in sessions
    }


def portions(
    sessions: Sequence[SearchedSession], found: dict[str, IndexedSession]
) -> Iterator[list[SearchedSession]]:
    """Sessions that are indexed together: many short ones, or a long one by itself."""
    held: list[SearchedSession] = []
    messages = 0
    for session in sessions:
        missing = session.message_count - found[session.session_id].indexed
        if held and messages + missing > _RUN:
            yield held
            held, messages = [], 0
        held.append(session)
        messages += missing
    if held:
        yield held


def index_sessions(
    sessions: Sequence[SearchedSession], *, deadline: float
) -> dict[str, IndexedSession]:
    """Index what is missing of sessions; how far each got by `deadline`, without those gone."""
    search_store.index.begin(sessions)
    # Read ahead of the messages, so that an erasure in between is noticed.
    before = indexed(sessions)
    _index_runs(
        [
            (before[session.session_id], session)
            for session in sessions
            if not before[session.session_id].has_missed_an_erasure(session)
        ]
    )
    reached = indexed(_without_gone(sessions))
    for session in sessions:
        there = reached.get(session.session_id)
        if there is None or there.is_current(session) or time.monotonic() >= deadline:
            continue
        again = _index_on(session, there, deadline=deadline)
        if again is None:
            del reached[session.session_id]
        else:
            reached[session.session_id] = again
    return reached


def _without_gone(sessions: Sequence[SearchedSession]) -> list[SearchedSession]:
    """The sessions that are still there, asked after writing: of the others nothing may stay."""
    there = search_store.reading.sessions(
        [session.session_id for session in sessions], user_id=None
    )
    for session in sessions:
        if session.session_id not in there:
            search_store.index.forget_session(session.session_id)
    return list(there.values())


def _index_on(
    session: SearchedSession, before: IndexedSession, *, deadline: float
) -> IndexedSession | None:
    """Index the rest of a session that is long, or has changed meanwhile; None when it is gone."""
    failed = 0
    while failed < _ATTEMPTS and not before.is_current(session):
        if before.has_missed_an_erasure(session):
            search_store.index.forget_session(session.session_id)
        else:
            _index_runs([(before, session)])
        fresh = search_store.index.session(session.session_id)
        if fresh is None:
            search_store.index.forget_session(session.session_id)
            return None
        search_store.index.begin([fresh])
        reached = indexed([fresh])[fresh.session_id]
        failed = 0 if reached.indexed > before.indexed else failed + 1
        session, before = fresh, reached
        if time.monotonic() >= deadline:
            break
    return before


def _index_runs(sessions: Sequence[tuple[IndexedSession, SearchedSession]]) -> None:
    """Index the holes and the next messages of sessions."""
    ranges: list[TextRange] = []
    finished: list[tuple[IndexedSession, SearchedSession, int]] = []
    for before, session in sessions:
        first = block_start(before.indexed + 1)
        last = max(before.indexed, min(first + _RUN - 1, session.message_count))
        for start in before.holes:
            if start < first:
                end = start + ANNOTATION_BLOCK - 1
                ranges.append(TextRange(session.session_id, start, end))
        if last > before.indexed or first in before.holes:
            ranges.append(TextRange(session.session_id, first, last))
        finished.append((before, session, last))
    if not finished:
        return
    texts = groupby(search_store.reading.texts(ranges), key=lambda text: text.session_id)
    of = {session.session_id: session for _, session in sessions}
    search_store.index.write_blocks(
        [(of[session_id], block) for session_id, group in texts for block in _blocks(group)]
    )
    search_store.index.finish(finished, search_rules.text.terms)


def _blocks(texts: Iterable[SearchedText]) -> Iterator[IndexedBlock]:
    """Texts, in order, as blocks that stay within one run of 64 and within _TERMS_MAX terms."""
    held: list[SearchedText] = []
    terms: set[str] = set()
    for text in texts:
        same = bool(held) and block_start(held[0].seq) == block_start(text.seq)
        if held and (not same or len(terms) > _TERMS_MAX):
            yield _block(held, terms)
            held, terms = [], set()
        held.append(text)
        terms |= search_rules.text.terms(text.content)
    if held:
        yield _block(held, terms)


def _block(texts: Sequence[SearchedText], terms: set[str]) -> IndexedBlock:
    return IndexedBlock(texts[0].seq, texts[-1].seq, texts[0].timestamp, sorted(terms))
