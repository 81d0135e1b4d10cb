"""A window of recent messages: planned by the service, and as the store alone would fill it."""

from unittest import mock

from benchmarks.harness.conversations import now
from sessions_app import encoders
from sessions_app.domain.data import Message, Strategy
from sessions_app.services import context, messages, sessions, topics

PAGE = 50


def prepare(session_id: str, user_id: str) -> None:
    """Have the topics of all messages judged, as the turns of a conversation would have done.

    By words alone: encoding 100,000 messages takes the better part of an hour, and a window of
    recent messages uses no vector.
    """
    with mock.patch.object(encoders, "load_encoder", return_value=None):
        while not topics.catch_up(session_id=session_id, user_id=user_id, seconds=60).complete:
            pass


def recent(session_id: str, user_id: str, budget: int) -> object:
    """The window of the `recent` strategy, as a model call would be sent it."""
    return context.context_plan(
        session_id=session_id,
        user_id=user_id,
        max_tokens=budget,
        strategy=Strategy.RECENT,
        query=None,
        now=now(),
    )


def newest_until(session_id: str, user_id: str, budget: int) -> list[Message]:
    """The newest messages that fit `budget` tokens, oldest first, in as few reads as it takes."""
    _, found = sessions.session_get(session_id=session_id, user_id=user_id, limit=PAGE, now=now())
    kept: list[Message] = []
    while True:
        for message in reversed(found):
            budget -= message.token_count
            if budget < 0:
                return kept[::-1]
            kept.append(message)
        if not found or found[0].seq == 1:
            return kept[::-1]
        found = messages.message_page(
            session_id=session_id,
            user_id=user_id,
            after=None,
            before=found[0].seq,
            limit=PAGE,
            now=now(),
        ).messages
