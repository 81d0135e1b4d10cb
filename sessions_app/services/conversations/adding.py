"""Items at the end of a conversation."""

import json
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from sessions_app import tracing
from sessions_app.domain import drafts
from sessions_app.domain.data import Message
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import DuplicateItem
from sessions_app.domain.items import Item, ItemBatch, brought_ids, items_of
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log
from sessions_app.services import messages
from sessions_app.services.conversations.attempts import Attempt, batch_key


@tracing.step
def items_append(
    *, session_id: str, user_id: str, batch: ItemBatch, attempt: Attempt, now: datetime
) -> list[Item]:
    """Append all items, or none; the items as they are stored, an earlier attempt's for a repeat.

    Raises InvalidInput or TooLarge naming the item, DuplicateItem, SessionNotFound, SessionExpired,
    SessionArchived, IdempotencyMismatch.
    """
    now = lifecycle.to_milliseconds(now)
    check(batch)
    batch_id = batch_key(attempt, session_id, user_id, now)
    if batch.ids:
        _refuse_made_ids(session_id, user_id, batch)
    try:
        appended = messages.message_append_batch(
            session_id=session_id,
            user_id=user_id,
            batch=batch.drafts,
            now=now,
            key=batch_id.key,
            repeat=batch_id.repeat,
        )
    except DuplicateItem as error:
        raise DuplicateItem(error.item_id, attr="items") from error
    return [item for message in appended.messages for item in items_of(message)]


def check(batch: ItemBatch) -> None:
    """Raise InvalidInput or TooLarge for a message that cannot be stored, naming its item."""
    for position, draft in zip(batch.positions, batch.drafts, strict=True):
        drafts.check(
            draft,
            max_chars=settings.MESSAGE_MAX_CHARS,
            tool_call_chars=len(_calls(draft)),
            path=f"items.{position}.",
        )


def _calls(draft: MessageDraft) -> str:
    return json.dumps(draft.tool_calls) if draft.tool_calls else ""


def _refuse_made_ids(session_id: str, user_id: str, batch: ItemBatch) -> None:
    """Raise DuplicateItem for an id that was made here for an item of this conversation.

    Ids that clients brought are guarded by the append itself. These were known before the client
    could send them, so that there is no race.
    """
    _, seqs = log.find_items(session_id=session_id, user_id=user_id, item_ids=sorted(batch.ids))
    for message in _read(session_id, user_id, seqs):
        made = {item["id"] for item in items_of(message)} - set(brought_ids(message.items))
        for item_id in sorted(made & batch.ids):
            raise DuplicateItem(item_id, attr="items")


def _read(session_id: str, user_id: str, seqs: Sequence[int]) -> list[Message]:
    return [
        message
        for seq in seqs
        for message in log.read_range(session_id=session_id, user_id=user_id, first=seq, last=seq)[
            1
        ]
    ]
