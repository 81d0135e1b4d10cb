"""What users think of a reply: a thumb up or down, and a comment."""

from datetime import datetime

from sessions_app.domain.data import Feedback, Message, Rating, Role
from sessions_app.domain.errors import InvalidInput, MessageNotFound, StorageUnavailable
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log
from sessions_app.repository.sessions import feedback

# A rating is one guarded write; so many attempts fail only under a storm of other writes.
_ATTEMPTS = 20


def feedback_give(
    *, session_id: str, user_id: str, seq: int, rating: Rating, comment: str, now: datetime
) -> Message:
    """Rate the reply at `seq`, in place of what was said of it before.

    Raises SessionNotFound, SessionExpired, MessageNotFound, and InvalidInput for what no model
    wrote. An archived session's replies can be rated.
    """
    new_feedback = Feedback(rating, comment, lifecycle.to_milliseconds(now))
    return _write(session_id, user_id, seq, new_feedback, now)


def feedback_take_back(*, session_id: str, user_id: str, seq: int, now: datetime) -> None:
    """Remove what was said of the reply at `seq`; raises as `feedback_give`."""
    _write(session_id, user_id, seq, None, now)


def _write(
    session_id: str, user_id: str, seq: int, new_feedback: Feedback | None, now: datetime
) -> Message:
    for _ in range(_ATTEMPTS):
        session, messages = log.read_range(
            session_id=session_id, user_id=user_id, first=seq, last=seq
        )
        lifecycle.require_readable(session, now=now)
        if not messages or messages[0].deleted:
            raise MessageNotFound
        if messages[0].role is not Role.ASSISTANT:
            raise InvalidInput("Only replies can be rated.", attr="rating")
        if feedback.write(session=session, seq=seq, feedback=new_feedback):
            return messages[0]._replace(feedback=new_feedback)
    raise StorageUnavailable
