"""Changes, moves and deletes sessions, each in one guarded write."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pymongo.client_session import ClientSession

from sessions_app.documents import (
    ContextPolicy,
    Session,
    checking,
    collection,
)
from sessions_app.domain import data
from sessions_app.domain.data import (
    Status,
)
from sessions_app.domain.errors import LegalHold, VersionMismatch
from sessions_app.domain.quotas import Usage
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import belongings, failures, log, usages
from sessions_app.repository.log import memory
from sessions_app.repository.transactions import in_transaction


@failures.translated
def change(
    *,
    session: data.Session,
    changes: Mapping[str, Any],
    now: datetime,
    versions: frozenset[int] | None,
    merges_metadata: bool = False,
) -> data.Session | None:
    """Write the fields of `changes` (None unsets one) on an active session.

    `versions` are those the caller accepts, None for any. With `merges_metadata`, only where the
    metadata is still as `session` has it. Raises as `lifecycle.require_writable`,
    and SessionNotFound or VersionMismatch.
    """
    unchanged = (
        Session.objects(pk=session.session_id)
        .owned_by(session.user_id)
        .active()
        .unexpired(now)
        # `changes` may have been computed from these.
        .filter(
            ttl_seconds=session.ttl_seconds,
            context_policy=ContextPolicy(**log.encode_policy(session.context_policy)),
        )
    )
    if merges_metadata:
        entries = log.encode_metadata(session.metadata)
        stored_metadata: Any = entries or {"$in": [[], None]}
        unchanged = unchanged.filter(__raw__={"metadata": stored_metadata})
    if versions is not None:
        unchanged = unchanged.filter(version__in=list(versions))
    if "title" in changes:
        # From here on it is a person's.
        changes = {**changes, "titled_from": None}
    # Activity only extends a timeout; who changes `ttl_seconds` gets the new one, longer or not.
    extends = changes.get("ttl_seconds", session.ttl_seconds) == session.ttl_seconds
    changed = _update(unchanged, changes, now, extends=extends)
    if changed is not None:
        return changed
    current = log.read_header(session_id=session.session_id, user_id=session.user_id)
    lifecycle.require_writable(current, now=now)
    if versions is not None and current.version not in versions:
        raise VersionMismatch
    return None


@failures.translated
def set_status(
    *, session: data.Session, status: Status, changes: Mapping[str, Any], now: datetime
) -> data.Session | None:
    """Move a session to `status` with `changes`; None when it has changed since it was read.

    Guarded by what the decision rested on, not by the version: appends would raise that faster
    than a busy session could be archived.
    """
    unchanged = (
        Session.objects(pk=session.session_id)
        .owned_by(session.user_id)
        .filter(status=session.status.value, ttl_seconds=session.ttl_seconds)
    )
    if lifecycle.has_expired(session, now=now):
        unchanged = unchanged.filter(expires_at=session.expires_at)
    else:
        unchanged = unchanged.unexpired(now)
    return _update(unchanged, {"status": status.value, **changes}, now)


def _update(
    unchanged: Any, changes: Mapping[str, Any], now: datetime, *, extends: bool = False
) -> data.Session | None:
    """Write `changes` on the one session of a queryset; None when it is no longer among them.

    With `extends`, a timeout among them is written only where it is later than the stored one.
    """
    written, removed = log.encode_changes(changes)
    later = (
        {"max__expires_at": written.pop("expires_at")}
        if extends and "expires_at" in written
        else {}
    )
    # `modify` validates the values it sets, but not the document that comes of them: an unset
    # field that is required would pass. Callers unset optional ones only.
    document = unchanged.headers().modify(
        new=True,
        inc__version=1,
        max__updated_at=now,
        **later,
        **{f"set__{_keyword(name)}": value for name, value in written.items()},
        **{f"unset__{_keyword(name)}": 1 for name in removed},
    )
    if document is None:
        return None
    session = log.decode_session(log.with_liveness([document.to_mongo()])[0])
    memory.remember(
        session.session_id, tail_start=session.tail_start, ttl_seconds=session.ttl_seconds
    )
    return session


@failures.translated
def delete(*, session_id: str, user_id: str) -> Usage:
    """Remove a session and all that belongs to it together; how much that was.

    Raises SessionNotFound or LegalHold.
    """

    def remove(transaction: ClientSession) -> Usage | None:
        # By the driver: MongoEngine's querysets take no transaction.
        removed = collection(Session).find_one_and_delete(
            {"_id": session_id, "user_id": user_id, "legal_hold": {"$ne": True}},
            projection={"message_count": 1, "tail_bytes": 1, "tail_start": 1},
            session=transaction,
        )
        if removed is None:
            return None
        # A damaged session is deleted as others are; what cannot be read is not counted.
        sound = checking.readable(Session).sound_part(removed)
        size = sound.get("tail_bytes", 0)
        if sound.get("tail_start", 1) > 1:
            size += usages.bucket_bytes([session_id])
        belongings.delete_all(session_id, transaction)
        return Usage(1, sound.get("message_count", 0), size)

    removed: Usage | None = in_transaction(remove)
    if removed is None:
        log.read_header(session_id=session_id, user_id=user_id)
        raise LegalHold
    return removed


@failures.translated
def exists(session_id: str) -> bool:
    """Whether there is a session of this id, whoever owns it."""
    return Session.objects(pk=session_id).only("pk").as_pymongo().first() is not None


def _keyword(name: str) -> str:
    """A field as MongoEngine's keywords spell it: `topic.undone` is `topic__undone`."""
    return name.replace(".", "__")
