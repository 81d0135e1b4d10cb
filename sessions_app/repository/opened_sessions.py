"""Sessions that a request has made, for the repeats of that request."""

from collections.abc import Callable
from datetime import datetime

from mongoengine.errors import NotUniqueError
from pymongo.errors import DuplicateKeyError

from sessions_app.documents import Session
from sessions_app.domain import data
from sessions_app.repository import failures


def once(create: Callable[[], data.Session]) -> data.Session | None:
    """What `create` has stored; None where another attempt has stored a session of that id."""
    try:
        return create()
    except (NotUniqueError, DuplicateKeyError):
        return None


@failures.translated
def newest(*, user_id: str, key: str, since: datetime) -> str | None:
    """The id of the session that a request of this key has made last, if it is newer than that."""
    stored_session = (
        Session.objects.owned_by(user_id)
        .filter(opened_by=key, created_at__gt=since)
        .order_by("-created_at")
        .only("session_id")
        .as_pymongo()
        .first()
    )
    return stored_session["_id"] if stored_session else None
