"""Actions on any user's session, by its id alone.

The caller checks permissions and writes the read log. Each action is one guarded step that is safe
to repeat. Only restoring counts as activity: it gives the session a new timeout, as for its owner.
"""

from datetime import datetime
from functools import partial

from sessions_app import clock
from sessions_app.domain.data import Session, Status
from sessions_app.repository import log, sessions
from sessions_app.repository.sessions import holds
from sessions_app.services import attachments, quotas
from sessions_app.services.sessions import session_move


def session_archive_any(*, session_id: str, now: datetime) -> Session:
    """Make a session read-only for its owner.

    Raises SessionNotFound; SessionExpired for one that has expired, which a sweep ends.
    """
    read = partial(log.read_any_header, session_id)
    return session_move(read, status=Status.ARCHIVED, now=now)


def session_restore_any(*, session_id: str, now: datetime) -> Session:
    """Make a session active again, with a new timeout.

    Raises SessionNotFound; SessionExpired where expiry means deletion.
    """
    read = partial(log.read_any_header, session_id)
    return session_move(read, status=Status.ACTIVE, now=now)


def session_hold_any(*, session_id: str, legal_hold: bool) -> Session:
    """Place a session under legal hold, or release it; raises SessionNotFound.

    The hold keeps it from every deletion, expired or archived as it may be. It does not keep it
    from expiring and being archived, which destroy nothing.
    """
    return holds.set_hold(session_id=session_id, legal_hold=legal_hold)


def session_delete_any(*, session_id: str) -> None:
    """Destroy a session with all that belongs to it; raises SessionNotFound, LegalHold."""
    owner = log.read_any_header(session_id).user_id
    quotas.note(owner, -sessions.delete(session_id=session_id, user_id=owner))
    attachments.remove_unused(user_id=owner, now=clock.now())
