"""The session that a request makes: for a first response, or as a fork behind an older one.

A request makes one session, however often it is sent: it claims the session's id before it makes
it, and a repeat finds the claim. See `repository.creations`.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from django.utils.crypto import salted_hmac

from sessions_app.domain.data import Session
from sessions_app.domain.drafts import SessionDraft
from sessions_app.domain.errors import (
    IdempotencyMismatch,
    SessionError,
    SessionExists,
    SessionNotFound,
)
from sessions_app.repository import creations, log
from sessions_app.repository.creations import Claim
from sessions_app.services import identity, sessions
from sessions_app.services.responses.data import ResponseRequest

Maker = Callable[[str], Session]
"""Makes a session of this id; raises SessionExists."""


@dataclass(frozen=True, slots=True)
class Opened:
    """The session that a request makes, and whether it has been made now."""

    session: Session
    is_new: bool
    claim: Claim | None = None

    def confirm(self) -> None:
        """The session is in use: should it be missing from now on, it was deleted."""
        if self.claim is not None and not self.claim.stored:
            with suppress(SessionError):
                creations.confirm(self.claim.key)

    def discard(self) -> None:
        """Remove a session whose first turn could not begin."""
        if self.is_new:
            with suppress(SessionError):
                sessions.session_delete(
                    session_id=self.session.session_id, user_id=self.session.user_id
                )


def session_made(user_id: str, now: datetime) -> Maker:
    """Makes an empty session."""
    return lambda session_id: sessions.session_create(
        user_id=user_id, draft=SessionDraft(), now=now, session_id=session_id
    )


def fork_made(user_id: str, source_id: str, up_to_seq: int, now: datetime) -> Maker:
    """Makes a session with a copy of another's history up to a message."""
    return lambda session_id: sessions.session_fork(
        session_id=source_id,
        user_id=user_id,
        up_to_seq=up_to_seq,
        title=None,
        now=now,
        fork_id=session_id,
    )


def opened(user_id: str, request: ResponseRequest, make: Maker, now: datetime) -> Opened:
    """The session of this request: as an earlier attempt has made it, or made now.

    Raises IdempotencyMismatch, and SessionNotFound where it was deleted since.
    """
    claim = _claim(user_id, request, now)
    session_id = claim.session_id if claim else identity.new_session_id()
    if claim is not None and claim.stored:
        return Opened(_there(session_id, user_id), False, claim)
    try:
        return Opened(make(session_id), True, claim)
    except SessionExists:
        return Opened(log.read_header(session_id=session_id, user_id=user_id), False, claim)


def _claim(user_id: str, request: ResponseRequest, now: datetime) -> Claim | None:
    """None where no repeat of the request could be told from a new one."""
    if request.key:
        claim = creations.claim(
            key=_hash("key", user_id, request.key),
            session_id=identity.new_session_id(),
            digest=request.digest,
            now=now,
        )
        if claim.digest != request.digest:
            raise IdempotencyMismatch
        return claim
    if request.repeats is None:
        return None
    return creations.claim_keyless(
        prefix=_hash("body", user_id, request.digest),
        session_id=identity.new_session_id(),
        digest=request.digest,
        now=now,
        repeats=request.repeats,
        since=request.since or now,
    )


def _there(session_id: str, user_id: str) -> Session:
    try:
        return log.read_header(session_id=session_id, user_id=user_id)
    except SessionNotFound as error:
        raise SessionNotFound("The response that this began was deleted.") from error


def _hash(kind: str, user_id: str, value: str) -> str:
    # Keyed, as in a receipt: who has asked for what cannot be found out from it.
    salt = f"sessions_app.responses.{kind}"
    return salted_hmac(salt, f"{user_id}\n{value}", algorithm="sha256").hexdigest()
