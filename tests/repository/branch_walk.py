"""Walks the queries of branches and of ratings, for the test of indexes."""

from sessions_app.domain.data import Rating, Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.services import feedback, messages
from sessions_app.services.sessions import branches
from tests.repository.conftest import OWNER, append_many, new_session, now


def walk_branches() -> None:
    """A long session with a branch and a rating in buckets and in the tail."""
    session_id = new_session().session_id
    append_many(session_id, [f"message {n}" for n in range(200)])
    replies = [
        MessageDraft(role=Role.ASSISTANT, content="Hello"),
        MessageDraft(role=Role.USER, content="Hello"),
    ]
    messages.message_append_batch(session_id=session_id, user_id=OWNER, batch=replies, now=now())
    branches.require_replaceable(session_id=session_id, user_id=OWNER, seq=3, key=None)
    branches.message_replace(session_id=session_id, user_id=OWNER, seq=3, by=202)
    branches.branch_make_current(session_id=session_id, user_id=OWNER, seq=3, now=now())
    feedback.feedback_give(
        session_id=session_id, user_id=OWNER, seq=201, rating=Rating.UP, comment="", now=now()
    )
    feedback.feedback_take_back(session_id=session_id, user_id=OWNER, seq=201, now=now())
    first = new_session().session_id
    messages.message_append_batch(session_id=first, user_id=OWNER, batch=replies[:1], now=now())
    append_many(first, [f"message {n}" for n in range(200)])
    feedback.feedback_give(
        session_id=first, user_id=OWNER, seq=1, rating=Rating.DOWN, comment="No.", now=now()
    )
