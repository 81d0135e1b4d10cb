"""Exports of whole conversations for staff, logged before anything is returned."""

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
class ExportedConversation:
    """A conversation to write out; `messages` are read while they are consumed."""

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
) -> list[ExportedConversation]:
    """The conversations of `session_ids` that exist; raises SessionNotFound where none does."""
    masked = masked and settings.REVIEW_MASK
    sessions = [session.session for session in review.conversations.read_many(session_ids)]
    # Nothing is logged for conversations that do not exist.
    if not sessions:
        raise SessionNotFound
    # The log says what left the service, and in which form.
    part = {"form": form, "masked": masked}
    read_log.log_write(
        staff=staff,
        act=Act.EXPORT,
        now=now,
        why=why,
        about=[About(session.session_id, session.user_id, part) for session in sessions],
    )
    text = masking.hidden if masked else str
    return [
        ExportedConversation(
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
        # Read while it is written out: a conversation may not fit into memory.
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
        reasoning=masking.hidden(message.reasoning) if message.reasoning else None,
        extra=_masked_json(message.extra),
        items=_masked_json(message.items),
        metadata={
            masking.hidden(key): masking.hidden(value) for key, value in message.metadata.items()
        },
    )


def _masked_json(value: Any) -> Any:
    """Mask every text in a JSON value, keys included; its shape stays."""
    if isinstance(value, str):
        return masking.hidden(value)
    if isinstance(value, Mapping):
        return {masking.hidden(key): _masked_json(member) for key, member in value.items()}
    if isinstance(value, list | tuple):
        return [_masked_json(member) for member in value]
    return value
