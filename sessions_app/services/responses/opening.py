"""The session that a request makes: for a first response, or as a fork behind an older one.

A request makes one session, however often it is sent: under an idempotency key the session's id
follows from the key; a repeat without a key looks for what the first attempt has made.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from sessions_app.domain.data import Session
from sessions_app.domain.drafts import SessionDraft, SessionOpening
from sessions_app.domain.errors import SessionError, SessionNotFound
from sessions_app.repository import log, opened_sessions
from sessions_app.services import identity, sessions
from sessions_app.services.responses.data import ResponseRequest

Maker = Callable[[SessionOpening], Session]


def session_made(user_id: str, now: datetime) -> Maker:
    """Makes an empty session."""
    return lambda opening: sessions.session_create(
        user_id=user_id, draft=SessionDraft(opening=opening), now=now
    )


def fork_made(user_id: str, session_id: str, up_to_seq: int, now: datetime) -> Maker:
    """Makes a session with a copy of another's history up to a message."""
    return lambda opening: sessions.session_fork(
        session_id=session_id,
        user_id=user_id,
        up_to_seq=up_to_seq,
        title=None,
        now=now,
        opening=opening,
    )


def opened(user_id: str, request: ResponseRequest, make: Maker) -> tuple[Session, bool]:
    """The session that this request makes, and whether it has been made now."""
    earlier = _opened_earlier(user_id, request)
    if earlier is not None:
        return earlier, False
    session_id = _id_by_key(user_id, request) or identity.new_session_id()
    session = opened_sessions.once(partial(make, SessionOpening(session_id, request.turn_key)))
    if session is None:
        return log.read_header(session_id=session_id, user_id=user_id), False
    return session, True


def discard(session: Session) -> None:
    """Remove a session whose first turn could not begin."""
    with suppress(SessionError):
        sessions.session_delete(session_id=session.session_id, user_id=session.user_id)


def _id_by_key(user_id: str, request: ResponseRequest) -> str | None:
    return identity.session_id_of(user_id, request.key) if request.key else None


def _opened_earlier(user_id: str, request: ResponseRequest) -> Session | None:
    session_id = _id_by_key(user_id, request)
    if session_id is None and request.since is not None:
        session_id = opened_sessions.newest(
            user_id=user_id, key=request.turn_key, since=request.since
        )
    if session_id is None:
        return None
    with suppress(SessionNotFound):
        return log.read_header(session_id=session_id, user_id=user_id)
    return None
