"""A whole conversation, streamed: nothing here holds more than a bucket of it at a time."""

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from sessions_app.domain import lifecycle
from sessions_app.domain.data import Message, Session
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.repository import annotations, log


def session_stream(
    *, session_id: str, user_id: str, now: datetime
) -> tuple[Session, Iterator[Message]]:
    """The session and its messages as they are now, oldest first, archived or not.

    Raises SessionNotFound, SessionExpired before the first message.
    """
    session, messages = log.read_all(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(session, now=now)
    return session, _with_topics(session, messages)


def _with_topics(session: Session, messages: Iterator[Message]) -> Iterator[Message]:
    while run := list(islice(messages, ANNOTATION_BLOCK)):
        yield from annotations.with_topics(session, run)
