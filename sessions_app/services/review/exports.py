"""Whole conversations for staff, logged before anything of them is given out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app.domain.data import Message, Session
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.review import Act, Staff, Why
from sessions_app.repository import log, review
from sessions_app.services.review import masking, read_log
from sessions_app.services.review.read_log import About


@dataclass(frozen=True, slots=True)
class Exported:
    """A conversation to write out; `messages` are read as they are asked for."""

    session: Session
    title: str
    metadata: Mapping[str, str]
    messages: Iterator[Message]
    masked: bool


def conversations_export(
    *,
    session_ids: Sequence[str],
    staff: Staff,
    why: Why,
    form: str,
    masked: bool,
    now: datetime,
) -> list[Exported]:
    """The conversations that there are of `session_ids`; raises SessionNotFound when none is."""
    masked = masked and settings.REVIEW_MASK
    sessions = [one.session for one in review.conversations.read_many(session_ids)]
    if not sessions:
        raise SessionNotFound
    part = {"form": form, "masked": masked}
    read_log.log_write(
        staff=staff,
        act=Act.EXPORT,
        now=now,
        why=why,
        about=[About(one.session_id, one.user_id, part) for one in sessions],
    )
    text = masking.hidden if masked else str
    return [
        Exported(
            session=session,
            title=text(session.title),
            metadata={text(key): text(value) for key, value in session.metadata.items()},
            messages=_messages(session, masked=masked),
            masked=masked,
        )
        for session in sessions
    ]


def _messages(session: Session, *, masked: bool) -> Iterator[Message]:
    try:
        _, messages = log.read_all(session_id=session.session_id, user_id=session.user_id)
    except SessionNotFound:  # deleted since it was listed
        return
    for message in messages:
        yield _masked(message) if masked else message


def _masked(message: Message) -> Message:
    return message._replace(
        content=masking.hidden(message.content),
        name=masking.hidden(message.name) if message.name else None,
        tool_calls=_masked_json(message.tool_calls),
        metadata={
            masking.hidden(key): masking.hidden(value) for key, value in message.metadata.items()
        },
    )


def _masked_json(value: Any) -> Any:
    """Every text in a JSON value, masked; the value's shape stays."""
    if isinstance(value, str):
        return masking.hidden(value)
    if isinstance(value, Mapping):
        return {masking.hidden(key): _masked_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_json(one) for one in value]
    return value
