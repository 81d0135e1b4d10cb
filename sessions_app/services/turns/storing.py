"""Storing what a turn's model has answered."""

from collections.abc import Sequence
from datetime import datetime

from django.conf import settings

from sessions_app.domain.data import Message
from sessions_app.domain.drafts import NewMessage
from sessions_app.domain.quotas import Usage
from sessions_app.repository import log
from sessions_app.repository.turns import leases
from sessions_app.services import quotas


def reply_store(
    *,
    session_id: str,
    user_id: str,
    turn_id: str,
    reply: NewMessage,
    supersedes: Sequence[int],
    now: datetime,
) -> Message | None:
    """The reply as stored; None when another turn has the session. Raises as `store_reply`.

    A reply that has come is stored whatever its user's quotas say: the turn has looked for room
    before it began.
    """
    message = leases.store_reply(
        session_id=session_id,
        user_id=user_id,
        turn_id=turn_id,
        reply=reply,
        supersedes=supersedes,
        now=now,
        default_ttl_seconds=settings.SESSION_TTL_SECONDS,
    )
    if message is not None:
        size = log.stored_size(log.encode_message(reply))
        quotas.note(user_id, Usage(messages=1, bytes=size))
    return message
