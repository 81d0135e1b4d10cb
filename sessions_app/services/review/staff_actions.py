"""What staff may do with anybody's session, each named by its id alone.

Who may, why they did, and the record of it are the caller's: nothing here knows of staff. Each is
one guarded step that is safe to repeat, and none is activity but restoring, which gives a new
timeout as it does for the owner.
"""

from datetime import datetime
from functools import partial

from sessions_app.domain.data import Session, Status
from sessions_app.repository import holds, log, sessions
from sessions_app.services.sessions import session_move


def session_get_any(*, session_id: str) -> Session:
    """A session as it is stored, expired or not; raises SessionNotFound."""
    return log.read_any_header(session_id)


def session_archive_any(*, session_id: str, now: datetime) -> Session:
    """Make a session read-only for its owner.

    Raises SessionNotFound; SessionExpired for one that is the sweeper's.
    """
    read = partial(log.read_any_header, session_id)
    return session_move(read, status=Status.ARCHIVED, now=now)


def session_restore_any(*, session_id: str, now: datetime) -> Session:
    """Make a session active again, with a new timeout.

    Raises SessionNotFound; SessionExpired where expiry means deletion.
    """
    read = partial(log.read_any_header, session_id)
    return session_move(read, status=Status.ACTIVE, now=now)


def session_hold_any(*, session_id: str, held: bool) -> Session:
    """Keep a session from every deletion (`held`), or lift that; raises SessionNotFound.

    Holds for expired and archived sessions, too. A held session expires and is archived as any
    other, since that destroys nothing.
    """
    return holds.set_hold(session_id=session_id, held=held)


def session_delete_any(*, session_id: str) -> None:
    """Destroy a session with all that belongs to it; raises SessionNotFound, LegalHold."""
    owner = log.read_any_header(session_id).user_id
    sessions.delete(session_id=session_id, user_id=owner)
