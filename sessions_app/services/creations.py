"""Sessions that a request creates once, however often it is repeated.

The session's id is claimed before the session is stored, so a repeat finds the claim even where the
first attempt is still at work or was cut off.
"""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from django.utils.crypto import salted_hmac

from sessions_app.domain.data import Session
from sessions_app.domain.errors import IdempotencyMismatch, SessionExists, SessionNotFound
from sessions_app.repository import creations, log
from sessions_app.repository.creations import Claim
from sessions_app.services import identity

Maker = Callable[[str], Session]
"""Stores a session under this id; raises SessionExists."""


class Created(NamedTuple):
    """The session of a request, and whether it has been made just now."""

    session: Session
    is_new: bool


def created_under_key(
    *, kind: str, user_id: str, key: str, digest: str, make: Maker, now: datetime
) -> Created:
    """The session that this user's request under `key` makes.

    `kind` keeps the keys of one route apart from those of another, and `digest` is what the same
    key must come with again. Raises IdempotencyMismatch, SessionNotFound where the session was
    deleted since, and what `make` raises.
    """
    claim = creations.claim(
        key=claim_key(kind, user_id, key),
        session_id=identity.new_session_id(),
        digest=digest,
        now=now,
    )
    if claim.digest != digest:
        raise IdempotencyMismatch
    return created(claim, user_id, make)


def created(claim: Claim, user_id: str, make: Maker) -> Created:
    """The session of a claim: as it is there, or made; raises as `created_under_key`."""
    if claim.stored:
        return Created(_standing(claim, user_id), is_new=False)
    try:
        new = Created(make(claim.session_id), is_new=True)
    except SessionExists:
        session = log.read_header(session_id=claim.session_id, user_id=user_id)
        new = Created(session, is_new=False)
    creations.confirm(claim.key)
    return new


def claim_key(kind: str, user_id: str, value: str) -> str:
    """A claim's key. Who has asked for what cannot be found out from it, as from a receipt."""
    salt = f"sessions_app.creations.{kind}"
    return salted_hmac(salt, f"{user_id}\n{value}", algorithm="sha256").hexdigest()


def _standing(claim: Claim, user_id: str) -> Session:
    try:
        return log.read_header(session_id=claim.session_id, user_id=user_id)
    except SessionNotFound as error:
        raise SessionNotFound("What this request created was deleted.") from error
