"""Erases one message: its content, and everything that was derived from it."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings

from sessions_app import tracing
from sessions_app.domain.data import Message
from sessions_app.domain.limits import SEQ_LAST
from sessions_app.domain.parts import ids_in
from sessions_app.domain.quotas import Usage
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import annotations, search
from sessions_app.repository import erasure as erasure_store
from sessions_app.repository.sessions import titles
from sessions_app.services import attachments, quotas, turns


@tracing.step
def message_delete(
    *,
    session_id: str,
    user_id: str,
    seq: int,
    now: datetime,
    reduce: Callable[[Message], Message | None] = lambda _: None,
) -> None:
    """Erase one message's content; its `seq` stays as a tombstone, or as what `reduce` leaves.

    Raises SessionNotFound, SessionExpired, SessionArchived, MessageNotFound, LegalHold.
    """
    referred: set[str] = set()

    def reduced(message: Message) -> Message | None:
        referred.update(ids_in(message.parts))
        return reduce(message)

    freed = erasure_store.messages.erase_message(
        session_id=session_id,
        user_id=user_id,
        seq=min(seq, SEQ_LAST),
        now=lifecycle.to_milliseconds(now),
        default_ttl_seconds=settings.SESSION_TTL_SECONDS,
        reduce=reduced,
    )
    quotas.note(user_id, Usage(bytes=-freed))
    turns.message_erased(session_id)
    # What is derived goes after the message: work in progress that still read the old content
    # writes before this, and is removed here, or is refused by the session's erasure count.
    annotations.forget_message(session_id=session_id, user_id=user_id, seq=seq)
    search.index.forget_message(session_id=session_id, seq=seq)
    if referred:
        attachments.forget_message(session_id=session_id, user_id=user_id, ids=referred, now=now)
    titles.forget_quoting(session_id=session_id, user_id=user_id, seq=seq)
