"""Creates conversations, each once however often it is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.utils.crypto import salted_hmac

from sessions_app import tracing
from sessions_app.domain import lifecycle
from sessions_app.domain.data import Session
from sessions_app.domain.drafts import SessionDraft
from sessions_app.domain.errors import IdempotencyMismatch, SessionExists, SessionNotFound
from sessions_app.domain.items import ItemBatch
from sessions_app.repository import creations, log
from sessions_app.repository.creations import Claim
from sessions_app.services import identity, sessions
from sessions_app.services.conversations.adding import check
from sessions_app.services.conversations.attempts import Attempt

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
    if attempt.key:
        claim = creations.claim(
            key=_hash("key", user_id, attempt.key),
            session_id=identity.new_session_id(),
            digest=body_digest,
            now=now,
        )
        if claim.digest != body_digest:
            raise IdempotencyMismatch
        return _claimed(_Request(user_id, draft, claim, now))
    if attempt.digest:
        return _attempted(user_id, draft, attempt, now)
    return sessions.session_create(user_id=user_id, draft=draft, now=now)


@dataclass(frozen=True, slots=True)
class _Request:
    """A conversation to create under the id that its claim names."""

    user_id: str
    draft: SessionDraft
    claim: Claim
    now: datetime


def _hash(kind: str, user_id: str, value: str) -> str:
    # Keyed, as in a receipt: who has asked for what cannot be found out from it.
    salt = f"sessions_app.creations.{kind}"
    return salted_hmac(salt, f"{user_id}\n{value}", algorithm="sha256").hexdigest()


def _attempted(user_id: str, draft: SessionDraft, attempt: Attempt, now: datetime) -> Session:
    """Create it, or find what an earlier attempt has created and nobody has used since."""
    claim_next = partial(
        creations.claim_keyless,
        prefix=_hash("body", user_id, attempt.digest or ""),
        digest=attempt.digest or "",
        now=now,
        repeats=attempt.repeats,
        since=attempt.since or now,
    )
    for _ in range(_LOOKS):
        claim = claim_next(session_id=identity.new_session_id())
        session = _claimed(_Request(user_id, draft, claim, now))
        # Who has written to it has got its id, and does not repeat the request.
        if not attempt.repeats or session.version == 1:
            return session
    return sessions.session_create(user_id=user_id, draft=draft, now=now)


def _claimed(request: _Request) -> Session:
    """The session of a claim: as it is there, or created."""
    claim, user_id = request.claim, request.user_id
    session = None if not claim.stored else _there(claim, user_id)
    if session is None:
        try:
            session = sessions.session_create(
                user_id=user_id, draft=request.draft, now=request.now, session_id=claim.session_id
            )
        except SessionExists:
            session = log.read_header(session_id=claim.session_id, user_id=user_id)
        creations.confirm(claim.key)
    return session


def _there(claim: Claim, user_id: str) -> Session:
    try:
        return log.read_header(session_id=claim.session_id, user_id=user_id)
    except SessionNotFound as error:
        raise SessionNotFound("The conversation that this created was deleted.") from error
