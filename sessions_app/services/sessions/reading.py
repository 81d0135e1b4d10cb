"""Reads a session with its newest messages, and pages of sessions."""

from collections.abc import Sequence
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain.data import (
    Message,
    Session,
    SessionFilter,
    SessionPage,
    SessionPosition,
)
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log, sessions
from sessions_app.repository.sessions import filtered
from sessions_app.services import dividers


@tracing.step
def session_get(
    *, session_id: str, user_id: str, limit: int, now: datetime
) -> tuple[Session, Sequence[Message]]:
    """The session and its newest `limit` messages, oldest first.

    Raises SessionNotFound, SessionExpired.
    """
    session, newest = log.read_newest(session_id=session_id, user_id=user_id, limit=limit)
    lifecycle.require_readable(session, now=now)
    return session, dividers.with_dividers(session, newest)


@tracing.step
def session_list(
    *,
    user_id: str,
    wanted: SessionFilter,
    limit: int,
    position: SessionPosition | None,
    backwards: bool,
    now: datetime,
) -> SessionPage:
    """A page of the user's sessions, newest activity first; filtered ones, newest created first."""
    read = sessions.list_page if wanted.is_list else filtered.page
    return read(
        user_id=user_id,
        wanted=wanted,
        now=now,
        limit=limit,
        position=position,
        backwards=backwards,
    )
