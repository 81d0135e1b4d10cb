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
from sessions_app.repository import log
from sessions_app.repository.sessions import creations
from sessions_app.repository.sessions.creations import Claim
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
    """The session that this user's request under `key` makes; raises as the steps of it do."""
    claim = claim_under_key(kind=kind, user_id=user_id, key=key, digest=digest, now=now)
    return created(claim, user_id, make)


def claim_under_key(*, kind: str, user_id: str, key: str, digest: str, now: datetime) -> Claim:
    """The claim of this user's request under `key`.

    `kind` keeps the keys of one route apart from those of another, and `digest` is what the same
    key must come with again. Raises IdempotencyMismatch.
    """
    claim = creations.claim(
        key=_hashed(kind, user_id, key),
        session_id=identity.new_session_id(),
        digest=digest,
        now=now,
    )
    if claim.digest != digest:
        raise IdempotencyMismatch
    return claim


def claim_without_key(
    *, kind: str, user_id: str, digest: str, repeats: int, since: datetime | None, now: datetime
) -> Claim:
    """The claim of a request that is known by its `digest` alone: see `creations.claim_keyless`."""
    return creations.claim_keyless(
        prefix=_hashed(kind, user_id, digest),
        session_id=identity.new_session_id(),
        digest=digest,
        now=now,
        repeats=repeats,
        since=since or now,
    )


def created(claim: Claim, user_id: str, make: Maker) -> Created:
    """The session of a claim, which is confirmed; raises as `made_or_found`."""
    new = made_or_found(claim, user_id, make)
    if not claim.stored:
        confirm(claim)
    return new


def confirm(claim: Claim) -> None:
    """Note that the session is stored: should it be missing from now on, it was deleted."""
    creations.confirm(claim.key)


def made_or_found(claim: Claim, user_id: str, make: Maker) -> Created:
    """The session of a claim: as it is there, or made.

    Raises SessionNotFound where it was deleted since it was confirmed, and what `make` raises.
    """
    if claim.stored:
        return Created(_standing(claim, user_id), is_new=False)
    try:
        return Created(make(claim.session_id), is_new=True)
    except SessionExists:
        session = log.read_header(session_id=claim.session_id, user_id=user_id)
        return Created(session, is_new=False)


def _standing(claim: Claim, user_id: str) -> Session:
    try:
        return log.read_header(session_id=claim.session_id, user_id=user_id)
    except SessionNotFound as error:
        raise SessionNotFound("What this request created was deleted.") from error


def _hashed(kind: str, user_id: str, value: str) -> str:
    # Who has asked for what cannot be found out from it, as from a receipt.
    salt = f"sessions_app.creations.{kind}"
    return salted_hmac(salt, f"{user_id}\n{value}", algorithm="sha256").hexdigest()
