"""Creates conversations, each once however often it is asked for."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from sessions_app import tracing
from sessions_app.domain.data import Session
from sessions_app.domain.drafts import SessionDraft
from sessions_app.domain.items import ItemBatch
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log
from sessions_app.services import identity, sessions
from sessions_app.services.conversations.adding import check
from sessions_app.services.conversations.attempts import Attempt
from sessions_app.services.sessions import creations
from sessions_app.services.sessions.creations import Maker

# Claims of used conversations that one repeat passes over before it creates its own.
_LOOKS = 8


@tracing.step
def conversation_get(*, session_id: str, user_id: str, now: datetime) -> Session:
    """The conversation; raises SessionNotFound, SessionExpired."""
    session = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(session, now=now)
    return session


@tracing.step
def conversation_create(
    *,
    user_id: str,
    batch: ItemBatch,
    metadata: Mapping[str, str],
    body_digest: str,
    attempt: Attempt,
    now: datetime,
) -> Session:
    """Create a conversation with its first items, in one write; a repeat gets the first one.

    `body_digest` is what the same key must come with again. Raises InvalidInput or TooLarge naming
    the item, IdempotencyMismatch, UserErased, and SessionNotFound for a repeat whose conversation
    has been deleted.
    """
    now = lifecycle.to_milliseconds(now)
    check(batch)
    draft = SessionDraft(metadata=metadata, history=batch.drafts)
    make = partial(_make, user_id, draft, now)
    if attempt.key:
        whose = {"kind": "key", "user_id": user_id, "key": attempt.key}
        return creations.created_under_key(**whose, digest=body_digest, make=make, now=now).session
    if attempt.digest:
        return _attempted(user_id, attempt, make, now)
    return sessions.session_create(user_id=user_id, draft=draft, now=now)


def _make(user_id: str, draft: SessionDraft, now: datetime, session_id: str) -> Session:
    return sessions.session_create(user_id=user_id, draft=draft, now=now, session_id=session_id)


def _attempted(user_id: str, attempt: Attempt, make: Maker, now: datetime) -> Session:
    """Create it, or find what an earlier attempt has created and nobody has used since."""
    for _ in range(_LOOKS):
        claim = creations.claim_without_key(
            kind="body",
            user_id=user_id,
            digest=attempt.digest or "",
            repeats=attempt.repeats,
            since=attempt.since,
            now=now,
        )
        session, _ = creations.created(claim, user_id, make)
        # Who has written to it has got its id, and does not repeat the request.
        if not attempt.repeats or session.version == 1:
            return session
    return make(identity.new_session_id())
