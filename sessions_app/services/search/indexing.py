"""Brings the search index up to date, when somebody searches and never while appending.

Sessions are indexed in order of their last activity; progress is the activity up to which all are
indexed. An append moves its session to the end of that order, so none is passed over. MARGIN allows
for writes in progress and for differing clocks of workers.
"""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.utils.crypto import salted_hmac

from sessions_app import tracing
from sessions_app.domain import search as search_rules
from sessions_app.domain.annotations import block_start
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.domain.search.data import (
    Finished,
    IndexedBlock,
    IndexedSession,
    SearchedSession,
    SearchedText,
    TextRange,
)
from sessions_app.repository import attachments
from sessions_app.repository import search as search_store
from sessions_app.services.search import attached

EVERYBODY = "*"
MARGIN = timedelta(minutes=5)
# Progress is stored when it has moved by this much, not at every search.
_STEP = timedelta(minutes=1)
_PAGE = 200
# Messages that are read and indexed at a time.
_RUN = 8 * ANNOTATION_BLOCK
# Keeps a document of the index far below MongoDB's 16 MB, whatever was pasted.
_TERMS_MAX = 20_000
_ATTEMPTS = 5


@dataclass(slots=True)
class Backlog:
    """What is not indexed yet: sessions, for their titles, and ranges of messages, oldest first."""

    sessions: list[SearchedSession] = field(default_factory=list)
    ranges: list[TextRange] = field(default_factory=list)
    # What was indexed while the backlog was gathered.
    indexed_sessions: int = 0
    indexed_messages: int = 0

    def add(self, session: SearchedSession, reached: IndexedSession) -> None:
        """Add what is missing of a session."""
        self.sessions.append(session)
        for start in reached.holes:
            last = min(start + ANNOTATION_BLOCK - 1, reached.indexed)
            self.ranges.append(TextRange(session.session_id, start, last))
        if reached.indexed < session.message_count:
            self.ranges.append(
                TextRange(session.session_id, reached.indexed + 1, session.message_count)
            )


@tracing.step
def catch_up(*, user_id: str | None, seconds: float, now: datetime) -> Backlog:
    """Index what has happened since the last time, for about `seconds` at most.

    Returns what is left: all of it for one user, the oldest part for all users (None).
    """
    key = progress_key(user_id)
    deadline = time.monotonic() + seconds
    since = search_store.index.progress(key)
    backlog, reached = Backlog(), since
    for page in _pages(user_id, since):
        _catch_up_page(page, backlog, deadline)
        if not backlog.sessions:
            reached = page[-1].updated_at
        # Over all users, the rest would take too long: the oldest backlog is indexed first.
        elif user_id is None:
            break
    else:
        reached = now if reached is not None and not backlog.sessions else reached
    if reached is not None:
        # A write in progress may still appear with an earlier activity.
        until = min(reached, now - MARGIN)
        if since is None or until - since >= _STEP:
            search_store.index.advance(key, until)
    return backlog


def session_index(*, session_id: str, seconds: float) -> bool:
    """Index what is missing of one session, for about `seconds`; whether nothing is left."""
    [session, *_] = [
        *search_store.reading.sessions([session_id], user_id=None).values(),
        None,
    ]
    if session is None or indexed([session])[session_id].is_current(session):
        return True
    after = index_sessions([session], deadline=time.monotonic() + seconds).get(session_id)
    return after is None or after.is_current(session)


def fall_back(sessions: Iterable[tuple[str, datetime]]) -> None:
    """Move progress back for sessions that were stored with an old last activity.

    `sessions` are their users and activities. To be called after they are stored: progress that
    was read in between would miss them.
    """
    stored = list(sessions)
    if stored:
        users = {user_id for user_id, _ in stored}
        # A session may be searched by its owner and by staff, who have progress of their own.
        keys = [EVERYBODY, *map(progress_key, users)]
        search_store.index.fall_back(keys, min(moment for _, moment in stored))


def index_again(attachment_id: str) -> None:
    """Index anew where a file is whose text is known only now."""
    for session_id in attachments.references.sessions_of(attachment_id):
        search_store.index.forget_session(session_id)
        session = search_store.index.session(session_id)
        if session is not None:
            fall_back([(session.user_id, session.updated_at)])


def progress_key(user_id: str | None) -> str:
    """The key under which progress is stored: a keyed hash, so that it names no user."""
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
    progress = indexed(page)
    behind = [each for each in page if not progress[each.session_id].is_current(each)]
    for portion in portions(behind, progress):
        new_progress: dict[str, IndexedSession] = progress
        if time.monotonic() < deadline:
            new_progress = index_sessions(portion, deadline=deadline)
            for session in portion:
                backlog.indexed_sessions += 1
                if after := new_progress.get(session.session_id):
                    before = progress[session.session_id].indexed
                    backlog.indexed_messages += max(0, after.indexed - before)
        for session in portion:
            session_progress = new_progress.get(session.session_id)
            if session_progress is not None and not session_progress.is_current(session):
                backlog.add(session, session_progress)


def indexed(sessions: Sequence[SearchedSession]) -> dict[str, IndexedSession]:
    """The progress of each session, by its id."""
    progress = search_store.index.indexed([session.session_id for session in sessions])
    return {
        session.session_id: progress.get(session.session_id, IndexedSession(session.session_id))
        for session in sessions
    }


def portions(
    sessions: Sequence[SearchedSession], progress: dict[str, IndexedSession]
) -> Iterator[list[SearchedSession]]:
    """Group sessions that are indexed together: many short ones, or a long one by itself."""
    portion: list[SearchedSession] = []
    messages = 0
    for session in sessions:
        missing = session.message_count - progress[session.session_id].indexed
        # Bounds the messages that are in memory at a time.
        if portion and messages + missing > _RUN:
            yield portion
            portion, messages = [], 0
        portion.append(session)
        messages += missing
    if portion:
        yield portion


def index_sessions(
    sessions: Sequence[SearchedSession], *, deadline: float
) -> dict[str, IndexedSession]:
    """Index what is missing of sessions until `deadline`; the progress of those still there."""
    search_store.index.begin(sessions)
    # Read before the messages: an erasure in between then shows as a higher count of erasures.
    before = indexed(sessions)
    _index_runs(
        [
            (before[session.session_id], session)
            for session in sessions
            if not before[session.session_id].has_missed_an_erasure(session)
        ],
        deadline=deadline,
    )
    reached = indexed(_without_gone(sessions))
    for session in sessions:
        progress = reached.get(session.session_id)
        if progress is None or progress.is_current(session) or time.monotonic() >= deadline:
            continue
        again = _index_on(session, progress, deadline=deadline)
        if again is None:
            del reached[session.session_id]
        else:
            reached[session.session_id] = again
    return reached


def _without_gone(sessions: Sequence[SearchedSession]) -> list[SearchedSession]:
    """The sessions that still exist; what was indexed of the others is removed."""
    # Read after writing: a deletion before the write would not have seen these documents.
    present = search_store.reading.sessions(
        [session.session_id for session in sessions], user_id=None
    )
    for session in sessions:
        if session.session_id not in present:
            search_store.index.forget_session(session.session_id)
    return list(present.values())


def _index_on(
    session: SearchedSession, before: IndexedSession, *, deadline: float
) -> IndexedSession | None:
    """Index the rest of a long session, or of one that has changed; None where it is deleted."""
    failed = 0
    while failed < _ATTEMPTS and not before.is_current(session):
        # Which words were erased is not known any more, so the whole session is indexed again.
        if before.has_missed_an_erasure(session):
            search_store.index.forget_session(session.session_id)
        else:
            _index_runs([(before, session)], deadline=deadline)
        fresh = search_store.index.session(session.session_id)
        if fresh is None:
            search_store.index.forget_session(session.session_id)
            return None
        search_store.index.begin([fresh])
        reached = indexed([fresh])[fresh.session_id]
        # Another worker may write the same blocks; giving up needs several attempts without
        # progress.
        failed = 0 if reached.indexed > before.indexed else failed + 1
        session, before = fresh, reached
        if time.monotonic() >= deadline:
            break
    return before


def _index_runs(
    sessions: Sequence[tuple[IndexedSession, SearchedSession]], *, deadline: float
) -> None:
    """Index the holes and the next run of messages of each session, until `deadline`.

    One block is always indexed, so that each call gets on whatever the messages are.
    """
    starts = {session.session_id: _starts(before, session) for before, session in sessions}
    ranges = [
        TextRange(session_id, start, start + ANNOTATION_BLOCK - 1)
        for session_id, blocks in starts.items()
        for start in blocks
    ]
    texts: defaultdict[tuple[str, int], list[SearchedText]] = defaultdict(list)
    for text in attached.texts(ranges) if ranges else ():
        texts[text.session_id, block_start(text.seq)].append(text)
    blocks: list[tuple[SearchedSession, IndexedBlock]] = []
    finished: list[Finished] = []
    for before, session in sessions:
        left = starts[session.session_id]
        while left and not (blocks and time.monotonic() >= deadline):
            block_texts = texts.pop((session.session_id, left.pop(0)), [])
            blocks += [(session, block) for block in _blocks(block_texts)]
        finished.append(_finished(before, session, left))
    if finished:
        search_store.index.write_blocks(blocks)
        search_store.index.finish(finished, search_rules.text.terms)


def _starts(before: IndexedSession, session: SearchedSession) -> list[int]:
    """Where the blocks begin that are to be indexed next, ascending."""
    # A block that is not full is indexed again with its new messages.
    first, last = _next_run(before, session)
    starts = [start for start in before.holes if start < first]
    if last > before.indexed or first in before.holes:
        starts += range(first, last + 1, ANNOTATION_BLOCK)
    return sorted(starts)


def _next_run(before: IndexedSession, session: SearchedSession) -> tuple[int, int]:
    first = block_start(before.indexed + 1)
    return first, max(before.indexed, min(first + _RUN - 1, session.message_count))


def _finished(before: IndexedSession, session: SearchedSession, left: Sequence[int]) -> Finished:
    """How far the session is indexed when the blocks that begin at `left` are not."""
    first, last = _next_run(before, session)
    behind = [start for start in left if start >= first]
    indexed = max(before.indexed, behind[0] - 1) if behind else last
    return Finished(before, session, indexed, [hole for hole in before.holes if hole in left])


def _blocks(texts: Iterable[SearchedText]) -> Iterator[IndexedBlock]:
    """Split the texts of one block, in order, into parts of about _TERMS_MAX terms."""
    block: list[SearchedText] = []
    terms: set[str] = set()
    for text in texts:
        if block and len(terms) > _TERMS_MAX:
            yield _block(block, terms)
            block, terms = [], set()
        block.append(text)
        terms |= search_rules.text.terms(text.content)
    if block:
        yield _block(block, terms)


def _block(texts: Sequence[SearchedText], terms: set[str]) -> IndexedBlock:
    return IndexedBlock(texts[0].seq, texts[-1].seq, texts[0].timestamp, sorted(terms))
