"""Making the index of search anew, session by session in order of `_id`."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sessions_app.repository import search
from sessions_app.services.audits import listed_sessions
from sessions_app.services.search import indexing

# Called with how many sessions have been gone through since the last call.
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """How many sessions were indexed, and how many messages of theirs."""

    sessions: int
    messages: int


def search_rebuild(
    *, user_id: str | None, only_missing: bool, progress: Progress, now: datetime
) -> Iterator[Rebuilt]:
    """Index sessions, all or a user's, and yield what took work, a page at a time.

    With `only_missing`, those that are up to date are passed over, which is also how to go on
    after an interruption. May run beside a live service.
    """
    for page in listed_sessions(user_id=user_id):
        ids = [listed.session_id for listed in page]
        if not only_missing:
            for session_id in ids:
                search.index.forget_session(session_id)
        sessions = list(search.reading.sessions(ids, user_id=user_id).values())
        found = indexing.indexed(sessions)
        behind = [each for each in sessions if not found[each.session_id].is_current(each)]
        for portion in indexing.portions(behind, found):
            reached = indexing.index_sessions(portion, deadline=math.inf)
            yield Rebuilt(
                len(portion),
                sum(
                    there.indexed - found[session_id].indexed
                    for session_id, there in reached.items()
                ),
            )
        progress(len(page))
    # What has moved since `now` will be found behind this.
    search.index.advance(indexing.progress_key(user_id), now - indexing.MARGIN)
