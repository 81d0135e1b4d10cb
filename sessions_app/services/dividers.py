"""Messages as they are shown: with their topics, and with a mark where a divider stands."""

from collections.abc import Sequence

from django.conf import settings

from sessions_app.domain.data import Message, Session
from sessions_app.repository import annotations


def with_dividers(session: Session, messages: Sequence[Message]) -> list[Message]:
    """The messages with their topics, and marked where a shift is probable enough for a divider."""
    return annotations.with_topics(session, messages, least=settings.TOPIC_DIVIDER_THRESHOLD)
