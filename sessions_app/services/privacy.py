"""A person's data: erasing it."""

from datetime import datetime

from sessions_app.domain import lifecycle
from sessions_app.repository import erasures


def erase_user(*, user_id: str, now: datetime) -> int:
    """Destroy every session of a user and keep them from making new ones; how many there were.

    Safe to stop anywhere and run again. Raises LegalHold, with nothing erased, when one of the
    sessions is held.
    """
    return erasures.erase_user(user_id=user_id, now=lifecycle.to_milliseconds(now))
