"""A session in the list that the commands over all sessions go through."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class ListedSession:
    """The id, the owner and the last activity of a session."""

    session_id: str
    user_id: str
    updated_at: datetime
