"""Stops responses, and deletes them."""

from contextlib import suppress
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain.errors import MessageNotFound, ResponseNotFound
from sessions_app.domain.limits import PAGE_MAX
from sessions_app.domain.responses import ResponseName
from sessions_app.repository import log
from sessions_app.repository.turns import records
from sessions_app.services import erasure, sessions, turns
from sessions_app.services.responses.reading import response_turn
from sessions_app.services.turns import Feed


@tracing.step
def response_cancel(*, name: ResponseName, user_id: str, now: datetime) -> Feed | None:
    """Stop a response wherever it runs; None where it has ended. Raises as `response_turn`.

    What the model has said so far is stored.
    """
    turn = response_turn(name=name, user_id=user_id, now=now)
    if turn.ended:
        return None
    return turns.turn_stop(turn, now)


@tracing.step
def response_delete(*, name: ResponseName, user_id: str, now: datetime) -> None:
    """Delete a response that has ended, and the messages that it brought and gave.

    The messages stay where the request named its conversation: they are the conversation's. A
    session of which nothing is left goes, too. Raises as `response_turn`, SessionArchived and
    LegalHold.
    """
    turn = response_turn(name=name, user_id=user_id, now=now)
    assert turn.response is not None  # noqa: S101 - checked
    if not turn.response.in_conversation:
        seqs = [*range(turn.response.first_seq or turn.user_seq, turn.user_seq + 1)]
        for seq in [*seqs, *([turn.assistant_seq] if turn.assistant_seq else [])]:
            with suppress(MessageNotFound):
                erasure.message_delete(
                    session_id=name.session_id, user_id=user_id, seq=seq, now=now
                )
    # Last: until the words are gone, the same request finds what is left to do.
    if not records.drop_response(session_id=name.session_id, turn_id=name.turn_id):
        raise ResponseNotFound
    if not turn.response.in_conversation:
        _delete_if_empty(name.session_id, user_id)


def _delete_if_empty(session_id: str, user_id: str) -> None:
    session, newest = log.read_newest(session_id=session_id, user_id=user_id, limit=PAGE_MAX)
    is_empty = all(message.deleted for message in newest) and not session.in_turn
    if is_empty and len(newest) == session.message_count:
        sessions.session_delete(session_id=session_id, user_id=user_id)
