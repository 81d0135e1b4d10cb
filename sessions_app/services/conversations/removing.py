"""Deletes an item: erases its message, or takes it out of the message that has others."""

from datetime import datetime

from sessions_app import tokenizer, tracing
from sessions_app.domain import drafts
from sessions_app.domain.data import Message, Session
from sessions_app.domain.errors import ItemNotFound
from sessions_app.domain.items import items_of, without_item
from sessions_app.repository import log
from sessions_app.services import erasure
from sessions_app.services.conversations.reading import find


@tracing.step
def item_delete(*, session_id: str, user_id: str, item_id: str, now: datetime) -> Session:
    """Erase an item; the conversation without it.

    Raises SessionNotFound, SessionExpired, SessionArchived, ItemNotFound, LegalHold.
    """
    _, position = find(session_id=session_id, user_id=user_id, item_id=item_id, now=now)
    if position.index < 0:
        raise ItemNotFound

    def reduce(message: Message) -> Message | None:
        # Read again by each attempt: another deletion may have been first.
        if item_id not in {item["id"] for item in items_of(message)}:
            raise ItemNotFound
        left = without_item(message, item_id)
        return None if left is None else left._replace(token_count=_tokens(left))

    erasure.message_delete(
        session_id=session_id, user_id=user_id, seq=position.message.seq, now=now, reduce=reduce
    )
    return log.read_header(session_id=session_id, user_id=user_id)


def _tokens(message: Message) -> int:
    return drafts.message_tokens(
        tokenizer.count_tokens,
        message.content,
        name=message.name,
        tool_calls=message.tool_calls or (),
    )
