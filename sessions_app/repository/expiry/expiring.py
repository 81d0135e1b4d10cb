"""A user's sessions that are about to expire."""

from datetime import datetime

from sessions_app.documents import Session
from sessions_app.domain.data import SessionPage, SessionPosition
from sessions_app.repository.sessions import pages as session_pages


def expiring_page(
    *,
    user_id: str,
    after: datetime,
    until: datetime,
    limit: int,
    position: SessionPosition | None,
    backwards: bool,
) -> SessionPage:
    """A page of the user's sessions that expire after `after` and by `until`, soonest first.

    It begins after `position` or, `backwards`, ends before it.
    """
    expiring = Session.objects.owned_by(user_id).active()
    return session_pages.read(
        # The hint keeps the planner from the user's list by activity, which it would have to sort.
        expiring.filter(expires_at__gt=after, expires_at__lte=until).hint("user_expiry"),
        by="expires_at",
        descending=False,
        position=position,
        backwards=backwards,
        limit=limit,
    )
