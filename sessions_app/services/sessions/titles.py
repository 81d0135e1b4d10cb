"""Titles made of a session's first messages, for sessions that have none.

`model_titles` replaces them with better ones where a model is configured. A title that a person
has given is never touched.
"""

from collections.abc import Sequence

from sessions_app import tracing
from sessions_app.domain.data import Message, Role
from sessions_app.domain.limits import TITLE_MAX_CHARS
from sessions_app.domain.sessions import titles as title_rules
from sessions_app.repository import log
from sessions_app.repository.sessions import titles
from sessions_app.repository.sessions.titles import Untitled

# A session in which nothing was said by then stays without a title.
_FIRST_MESSAGES = 8


@tracing.step
def title_from_text(*, session_id: str, user_id: str) -> bool:
    """Give a session without a title one from its first messages; whether it did."""
    untitled = titles.read(session_id=session_id, user_id=user_id)
    # A title that a person gave, or one that was made before, stays.
    if untitled is None or untitled.title:
        return False
    messages = first_messages(session_id, user_id)
    title = title_rules.title_of(
        message.content for message in messages if message.role is Role.USER
    )
    return write_title(title, messages, replacing=untitled, session_id=session_id, user_id=user_id)


def first_messages(session_id: str, user_id: str) -> list[Message]:
    """The first messages with a text that people and models said."""
    _, messages = log.read_range(
        session_id=session_id, user_id=user_id, first=1, last=_FIRST_MESSAGES
    )
    return [
        message
        for message in messages
        if message.role in {Role.USER, Role.ASSISTANT}
        and message.content
        and not message.superseded_by
    ]


def write_title(
    title: str,
    messages: Sequence[Message],
    *,
    replacing: Untitled,
    session_id: str,
    user_id: str,
) -> bool:
    """Store a title made of `messages`; False for an empty one, or where the session changed."""
    if not title:
        return False
    return titles.write(
        session_id=session_id,
        user_id=user_id,
        title=title[:TITLE_MAX_CHARS],
        titled_from=messages[-1].seq,
        replacing=replacing,
    )
