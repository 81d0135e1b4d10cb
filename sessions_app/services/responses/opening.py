"""The session that a request makes: for a first response, or as a fork behind an older one.

A request makes one session, however often it is sent: it claims the session's id before it makes
it, and a repeat finds the claim. See `services.creations`.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sessions_app.domain.data import Session
from sessions_app.domain.drafts import SessionDraft
from sessions_app.domain.errors import SessionError
from sessions_app.repository.sessions.creations import Claim
from sessions_app.services import identity, sessions
from sessions_app.services.responses.data import ResponseRequest
from sessions_app.services.sessions import creations
from sessions_app.services.sessions.creations import Maker


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
                creations.confirm(self.claim)

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
    if claim is None:
        return Opened(make(identity.new_session_id()), True)
    session, is_new = creations.made_or_found(claim, user_id, make)
    return Opened(session, is_new, claim)


def _claim(user_id: str, request: ResponseRequest, now: datetime) -> Claim | None:
    """None where no repeat of the request could be told from a new one."""
    if request.key:
        return creations.claim_under_key(
            kind="responses.key",
            user_id=user_id,
            key=request.key,
            digest=request.digest,
            now=now,
        )
    if request.repeats is None:
        return None
    return creations.claim_without_key(
        kind="responses.body",
        user_id=user_id,
        digest=request.digest,
        repeats=request.repeats,
        since=request.since,
        now=now,
    )
