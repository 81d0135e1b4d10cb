"""A session and short ways to write to it, at the level of the services."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from sessions_app.domain.data import Message, Role, Session
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.services import messages, sessions
from sessions_app.services.transfer import exporting as exports

OWNER = "owner"


def now() -> datetime:
    return datetime.now(UTC)


def new_session(**draft: Any) -> Session:
    return sessions.session_create(user_id=OWNER, draft=SessionDraft(**draft), now=now())


def append(session_id: str, content: str, client_id: str | None = None) -> Message:
    draft = MessageDraft(role=Role.USER, content=content, client_id=client_id)
    appended = messages.message_append(session_id=session_id, user_id=OWNER, draft=draft, now=now())
    return appended.messages[0]


def append_many(session_id: str, contents: list[str]) -> None:
    for start in range(0, len(contents), 100):
        batch = [MessageDraft(role=Role.USER, content=c) for c in contents[start : start + 100]]
        messages.message_append_batch(session_id=session_id, user_id=OWNER, batch=batch, now=now())


def read_all(session_id: str) -> list[Message]:
    _, stream = exports.session_stream(session_id=session_id, user_id=OWNER, now=now())
    return list(stream)


@pytest.fixture
def session(database: Any) -> Session:
    return new_session()


@pytest.fixture
def long_session(database: Any) -> Session:
    """One with messages in three buckets and the tail."""
    session = new_session()
    append_many(session.session_id, [f"message {n}" for n in range(1, 301)])
    return session


Append = Callable[..., Message]
