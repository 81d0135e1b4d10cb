"""Changes, archives, restores and deletes sessions."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings

from sessions_app import clock, tracing
from sessions_app.domain.data import (
    Session,
    Status,
)
from sessions_app.domain.errors import (
    InvalidInput,
    SessionExpired,
    SessionTemporary,
    StorageUnavailable,
)
from sessions_app.domain.limits import METADATA_MAX_KEYS
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log, sessions
from sessions_app.services import attachments, quotas
from sessions_app.services.sessions.terms import temporary_ttl, timeout_at

# An attempt fails only because another writer has just changed what it was decided on.
_ATTEMPTS = 20


@tracing.step
def session_update(
    *,
    session_id: str,
    user_id: str,
    changes: Mapping[str, Any],
    versions: frozenset[int] | None,
    now: datetime,
    metadata_patch: Mapping[str, str | None] | None = None,
) -> Session:
    """Change `title`, `metadata`, `tags`, `pinned`, `ttl_seconds` or fields of `context_policy`.

    `metadata_patch` is merged with the metadata (RFC 7396): None removes a key. `versions` are
    those that `If-Match` allows, None for any. Raises SessionNotFound, SessionExpired,
    SessionArchived, VersionMismatch, and InvalidInput for metadata that has become too much.
    """
    now = lifecycle.to_milliseconds(now)
    for _ in range(_ATTEMPTS):
        session = log.read_header(session_id=session_id, user_id=user_id)
        lifecycle.require_writable(session, now=now)
        # An empty change is no write: it raises no version and no `updated_at`.
        if not (changes or metadata_patch) and (versions is None or session.version in versions):
            return session
        changed = sessions.change(
            session=session,
            changes=_completed(session, _merged(session, changes, metadata_patch), now),
            now=now,
            versions=versions,
            merges_metadata=bool(metadata_patch),
        )
        # None: the session changed after it was read, so `changes` may rest on an old policy.
        if changed is not None:
            return changed
    raise StorageUnavailable


def _merged(
    session: Session, changes: Mapping[str, Any], patch: Mapping[str, str | None] | None
) -> Mapping[str, Any]:
    if not patch:
        return changes
    whole = {**session.metadata, **patch}
    metadata = {key: value for key, value in whole.items() if value is not None}
    if len(metadata) > METADATA_MAX_KEYS:
        raise InvalidInput(f"At most {METADATA_MAX_KEYS} keys are allowed.", attr="metadata")
    return {**changes, "metadata": metadata}


def _completed(session: Session, changes: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """`changes` with the whole policy and the new timeout."""
    fields = dict(changes)
    if "context_policy" in changes:
        fields["context_policy"] = replace(session.context_policy, **changes["context_policy"])
    # A change is activity, so the timeout begins again, with the new `ttl_seconds` or the old.
    fields["ttl_seconds"] = changes.get("ttl_seconds", session.ttl_seconds)
    if session.temporary:
        fields["ttl_seconds"] = temporary_ttl(fields["ttl_seconds"])
    fields["expires_at"] = timeout_at(now, fields["ttl_seconds"])
    return fields


@tracing.step
def session_archive(*, session_id: str, user_id: str, now: datetime) -> Session:
    """Make a session read-only and take it off the default list; idempotent."""
    read = partial(log.read_header, session_id=session_id, user_id=user_id)
    return session_move(read, status=Status.ARCHIVED, now=now)


@tracing.step
def session_restore(*, session_id: str, user_id: str, now: datetime) -> Session:
    """Make an archived session active again, with a new timeout.

    An expired session can be restored whether or not a sweep has archived it; where expiry means
    deletion, it raises SessionExpired.
    """
    read = partial(log.read_header, session_id=session_id, user_id=user_id)
    return session_move(read, status=Status.ACTIVE, now=now)


def session_move(read: Callable[[], Session], *, status: Status, now: datetime) -> Session:
    """Archive or restore the session that `read` returns; see `session_archive`, `session_restore`.

    Raises what `read` raises, SessionExpired, and SessionTemporary for one that is not archived.
    """
    now = lifecycle.to_milliseconds(now)
    for _ in range(_ATTEMPTS):
        session = read()
        expired = lifecycle.has_expired(session, now=now)
        is_deleted = session.temporary or settings.EXPIRY_MODE == "delete"
        if expired and (status is Status.ARCHIVED or is_deleted):
            raise SessionExpired
        if session.temporary and status is Status.ARCHIVED:
            raise SessionTemporary
        # Repeating a move is no write, so a client may send it again after a lost answer.
        if session.status is status and not expired:
            return session
        changes = (
            # An archive does not time out: only retention ends it, counted from `archived_at`.
            {"archived_at": now, "expires_at": None}
            if status is Status.ARCHIVED
            else {"archived_at": None, "expires_at": timeout_at(now, session.ttl_seconds)}
        )
        moved = sessions.set_status(session=session, status=status, changes=changes, now=now)
        if moved is not None:
            return moved
    raise StorageUnavailable


@tracing.step
def session_delete(*, session_id: str, user_id: str) -> None:
    """Destroy a session with all its messages; raises SessionNotFound or LegalHold."""
    quotas.note(user_id, -sessions.delete(session_id=session_id, user_id=user_id))
    attachments.remove_unused(user_id=user_id, now=clock.now())
