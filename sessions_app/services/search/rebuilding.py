"""Rebuilds the search index, session by session in order of `_id`."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sessions_app.repository import search
from sessions_app.services.audits import listed_sessions
from sessions_app.services.progress import Progress
from sessions_app.services.search import indexing
from sessions_app.services.walks import Walk


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The number of sessions that were indexed, and of their messages."""

    sessions: int
    messages: int


def search_rebuild(
    *,
    user_id: str | None,
    only_missing: bool,
    progress: Progress,
    now: datetime,
    walk: Walk | None = None,
) -> Iterator[Rebuilt]:
    """Index all sessions, or a user's, and yield the counts of each portion that took work.

    With `only_missing`, sessions that are up to date are passed over; this also continues after an
    interruption. Safe beside a live service. With `walk` it goes on where that is; `now` is then
    when the walk began.
    """
    for page in listed_sessions(user_id=user_id, after=walk.after if walk else ""):
        ids = [listed.session_id for listed in page]
        if not only_missing:
            # Removed first, so that no term of an earlier version of the index stays.
            search.index.forget_sessions(ids)
        sessions = list(search.reading.sessions(ids, user_id=user_id).values())
        before = indexing.indexed(sessions)
        behind = [each for each in sessions if not before[each.session_id].is_current(each)]
        for portion in indexing.portions(behind, before):
            reached = indexing.index_sessions(portion, deadline=math.inf)
            yield Rebuilt(
                len(portion),
                sum(
                    progress.indexed - before[session_id].indexed
                    for session_id, progress in reached.items()
                ),
            )
        progress(len(page))
        if walk:
            walk.passed(ids[-1], len(ids))
    # Sessions that changed since `now` come after this in the order of activity.
    search.index.advance(indexing.progress_key(user_id), now - indexing.MARGIN)
