"""Resets of the context window: starting it at the end of the session, and undoing that."""

from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app import tracing
from sessions_app.domain.data import OnTopicShift, Session
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.limits import RESETS_KEPT
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log, sessions
from sessions_app.services.sessions import timeout_at

# A reset is one guarded update; so many attempts fail only under a storm of other writes.
_ATTEMPTS = 20


@tracing.step
def context_reset(*, session_id: str, user_id: str, undo: bool, now: datetime) -> Session:
    """Start the window after the newest message, or undo the last reset.

    The last reset may be one by a topic shift. Without any reset, undoing changes nothing. Raises
    SessionNotFound, SessionExpired, SessionArchived.
    """
    now = lifecycle.to_milliseconds(now)
    for _ in range(_ATTEMPTS):
        session = log.read_header(session_id=session_id, user_id=user_id)
        lifecycle.require_writable(session, now=now)
        changes = _undone(session) if undo else _reset(session)
        if not changes:
            return session
        changed = sessions.change(
            session=session,
            changes=changes | {"expires_at": timeout_at(now, session.ttl_seconds)},
            now=now,
            versions=None,
        )
        # None: another worker changed the session after it was read. Read it again.
        if changed is not None:
            return changed
    raise StorageUnavailable


def _reset(session: Session) -> dict[str, Any]:
    return {
        "context_start": session.message_count + 1,
        # Kept for undoing, up to a bound.
        "context_resets": [*session.context_resets, session.context_start][-RESETS_KEPT:],
    }


def _undone(session: Session) -> dict[str, Any]:
    topic = session.topic
    # The later of the two resets is the last one.
    start = topic.began(least=settings.TOPIC_RESET_THRESHOLD) if topic else 1
    by_shift = (
        session.context_policy.on_topic_shift is OnTopicShift.RESET
        and topic is not None
        and start > max(1, topic.undone, session.context_start - 1)
    )
    if by_shift:
        return {"topic.undone": start}
    if not session.context_resets:
        return {}
    *earlier, last = session.context_resets
    return {"context_start": last, "context_resets": earlier}
