"""Pages of sessions in the order of one of their dates, forwards and backwards."""

from sessions_app.documents.querysets import SessionQuerySet
from sessions_app.domain.data import SessionPage, SessionPosition
from sessions_app.repository import failures, log


@failures.translated
def read(
    sessions: SessionQuerySet,
    *,
    by: str,
    descending: bool,
    position: SessionPosition | None,
    backwards: bool,
    limit: int,
) -> SessionPage:
    """A page of `sessions` in order of the date `by`, after `position` or, `backwards`, before it.

    Pages begin at a position, not at a number: a session that moves while somebody pages makes
    none of the others appear twice or not at all.
    """
    after = (position.moment, position.session_id) if position else None
    walked = sessions.walk_by(by, after=after, descending=descending != backwards)
    # One more than the page says whether another follows.
    stored_sessions = log.with_liveness(walked.headers().limit(limit + 1))
    more = len(stored_sessions) > limit
    page = [log.decode_listed(stored_session) for stored_session in stored_sessions[:limit]]
    if backwards:
        page.reverse()
        return SessionPage(page, has_previous=more, has_next=True)
    return SessionPage(page, has_previous=position is not None, has_next=more)
