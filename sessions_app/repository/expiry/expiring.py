"""A user's sessions that are about to expire."""

from datetime import datetime

from sessions_app.documents import Session
from sessions_app.domain.data import SessionPage, SessionPosition, Status
from sessions_app.repository import failures, log
from sessions_app.repository.log import Stored

_INDEX = "user_expiry"


@failures.translated
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
    direction, beyond = (-1, "$lt") if backwards else (1, "$gt")
    query: Stored = {
        "user_id": user_id,
        "status": Status.ACTIVE.value,
        "expires_at": {"$gt": after, "$lte": until},
    }
    if position is not None:
        bound = "$lte" if backwards else "$gte"
        query["$and"] = [{"expires_at": {bound: position.moment}}]
        query["$or"] = [
            {"expires_at": {beyond: position.moment}},
            {"expires_at": position.moment, "_id": {beyond: position.session_id}},
        ]
    found = list(
        Session._get_collection()
        .find(query, log.HEADER)
        .sort([("expires_at", direction), ("_id", direction)])
        .hint(_INDEX)
        .limit(limit + 1)
    )
    more = len(found) > limit
    sessions = [log.decode_session(stored) for stored in found[:limit]]
    if backwards:
        sessions.reverse()
        return SessionPage(sessions, has_previous=more, has_next=True)
    return SessionPage(sessions, has_previous=position is not None, has_next=more)
