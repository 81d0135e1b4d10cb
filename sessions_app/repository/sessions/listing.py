"""Pages of a user's sessions, newest activity first."""

from dataclasses import replace
from datetime import datetime

from sessions_app.documents import (
    Session,
)
from sessions_app.domain.data import (
    SessionFilter,
    SessionPage,
    SessionPosition,
    Status,
)
from sessions_app.repository import failures, log
from sessions_app.repository.sessions import pages as session_pages


@failures.translated
def list_page(
    *,
    user_id: str,
    wanted: SessionFilter,
    now: datetime,
    limit: int,
    position: SessionPosition | None,
    backwards: bool,
) -> SessionPage:
    """A page of the user's sessions after (or, `backwards`, before) `position`, newest first."""
    status = wanted.status
    listed = Session.objects.owned_by(user_id).filter(status=status.value).listed()
    if wanted.pinned is False:
        listed = listed.filter(pinned__ne=True)
    page = session_pages.read(
        # Past its timeout means gone from the list at once, whether or not a sweeper has passed.
        listed.unexpired(now),
        by="updated_at",
        descending=True,
        position=position,
        backwards=backwards,
        limit=limit,
    )
    room = limit - len(page.sessions)
    if status is Status.ACTIVE and wanted.pinned is None and position is None and room:
        # One whose status is damaged is in no list, and would seem to be gone.
        strange = Session.objects.owned_by(user_id).of_unknown_status().headers().limit(room)
        page = replace(page, sessions=[*page.sessions, *map(log.decode_listed, strange)])
    return page
