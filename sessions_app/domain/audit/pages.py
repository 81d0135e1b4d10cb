"""A session as a command that goes through all of them meets it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ListedSession:
    """Which session, whose, and when something last happened in it."""

    session_id: str
    user_id: str
    updated_at: datetime
