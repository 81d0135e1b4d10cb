"""Creates, reads, changes, archives, restores, forks and deletes sessions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings

from sessions_app import clock, tracing
from sessions_app.domain import lifecycle
from sessions_app.domain.data import (
    ContextPolicy,
    Message,
    NewSession,
    OnTopicShift,
    Role,
    Session,
    SessionFilter,
    SessionPage,
    SessionPosition,
    Status,
    Strategy,
)
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.domain.errors import (
    InvalidInput,
    QuotaReached,
    SessionExists,
    SessionExpired,
    SessionTemporary,
    StorageUnavailable,
    TooLarge,
)
from sessions_app.domain.limits import CONTEXT_MAX_MESSAGES_DEFAULT, METADATA_MAX_KEYS
from sessions_app.domain.quotas import Usage
from sessions_app.repository import annotations, filtered, log, sessions
from sessions_app.repository import attachments as attachment_store
from sessions_app.repository.session_names import Claim
from sessions_app.services import attachments, dividers, identity, messages, quotas, receipts
from sessions_app.services.tallies import tallies

# An attempt fails only because another writer has just changed what it was decided on.
_ATTEMPTS = 20


def policy_default() -> ContextPolicy:
    """The context policy of a session without one of its own, from the settings."""
    return ContextPolicy(
        strategy=Strategy(settings.CONTEXT_STRATEGY),
        max_tokens=settings.CONTEXT_MAX_TOKENS,
        max_messages=CONTEXT_MAX_MESSAGES_DEFAULT,
        on_topic_shift=OnTopicShift(settings.ON_TOPIC_SHIFT),
    )


@tracing.step
def session_create(
    *,
    user_id: str,
    draft: SessionDraft,
    now: datetime,
    name: str | None = None,
    replaced: str | None = None,
    session_id: str | None = None,
) -> Session:
    """Create a session with its first messages, in one write; `name` is claimed in the same.

        `session_id` is that of the session, a new one if it is left out.

    Raises InvalidInput or TooLarge for a message that cannot be stored, UserErased, QuotaReached,
    NameTaken where a session other than `replaced` has the name, and SessionExists.
    """
    now = lifecycle.to_milliseconds(now)
    if draft.temporary:
        draft = replace(draft, ttl_seconds=_temporary_ttl(draft.ttl_seconds))
    session_id = session_id or identity.new_session_id()
    settled = attachments.settled(
        draft.history, session_id=session_id, user_id=user_id, now=now, is_new=True
    )
    history = messages.batch_prepare(batch=settled, now=now)
    if draft.system_prompt:
        prompt = MessageDraft(role=Role.SYSTEM, content=draft.system_prompt)
        # An error of the prompt names the field that the client sent, not the message made of it.
        try:
            history.insert(0, messages.message_prepare(draft=prompt, now=now))
        except (InvalidInput, TooLarge) as error:
            raise type(error)(error.detail, attr="system_prompt") from error
    policy = replace(policy_default(), **draft.policy)
    new = _new_session(user_id, draft, policy, now, session_id)
    claim = Claim(name, user_id, new.session_id, replaced) if name else None
    need = Usage(1, len(history), log.size_of(history))
    try:
        with quotas.taken(user_id, need):
            session = sessions.insert(new, history, claim)
    except QuotaReached as error:
        _refuse_repeated(session_id, error)
        raise
    _refuse_erased(session)
    tallies.messages_stored(user_id, history, now)
    return session


def _new_session(
    user_id: str,
    draft: SessionDraft,
    policy: ContextPolicy,
    now: datetime,
    session_id: str | None = None,
) -> NewSession:
    return NewSession(
        session_id=session_id or identity.new_session_id(),
        user_id=user_id,
        title=draft.title,
        metadata=draft.metadata,
        context_policy=policy,
        ttl_seconds=draft.ttl_seconds,
        expires_at=timeout_at(now, draft.ttl_seconds),
        now=now,
        external_id=draft.external_id,
        tags=draft.tags,
        pinned=draft.pinned,
        temporary=draft.temporary,
    )


def _temporary_ttl(ttl_seconds: int | None) -> int:
    """The timeout of a temporary session; raises InvalidInput for none."""
    if ttl_seconds == 0:
        raise InvalidInput("A temporary session has a timeout.", attr="ttl_seconds")
    return int(ttl_seconds or settings.TEMPORARY_TTL_SECONDS)


def _refuse_repeated(session_id: str | None, error: QuotaReached) -> None:
    """Raise SessionExists where a request is repeated: it has made its session, and needs no room.

    As it would be raised with room.
    """
    if session_id and sessions.exists(session_id):
        raise SessionExists from error


def _refuse_erased(session: Session) -> None:
    """Delete a session that was just created for a user who has been erased; raises UserErased.

    An access token can outlive its user by minutes. Checked after the insertion: an erasure that
    began before it is seen here, one that begins later finds the session.
    """
    if receipts.is_erased(session.user_id):
        session_delete(session_id=session.session_id, user_id=session.user_id)
        raise receipts.erased_error(session.user_id)


@tracing.step
def session_get(
    *, session_id: str, user_id: str, limit: int, now: datetime
) -> tuple[Session, Sequence[Message]]:
    """The session and its newest `limit` messages, oldest first.

    Raises SessionNotFound, SessionExpired.
    """
    session, newest = log.read_newest(session_id=session_id, user_id=user_id, limit=limit)
    lifecycle.require_readable(session, now=now)
    return session, dividers.with_dividers(session, newest)


@tracing.step
def session_list(
    *,
    user_id: str,
    wanted: SessionFilter,
    limit: int,
    position: SessionPosition | None,
    backwards: bool,
    now: datetime,
) -> SessionPage:
    """A page of the user's sessions, newest activity first; filtered ones, newest created first."""
    read = sessions.list_page if wanted.is_list else filtered.page
    return read(
        user_id=user_id,
        wanted=wanted,
        now=now,
        limit=limit,
        position=position,
        backwards=backwards,
    )


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
        fields["ttl_seconds"] = _temporary_ttl(fields["ttl_seconds"])
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


@tracing.step
def session_fork(
    *,
    session_id: str,
    user_id: str,
    up_to_seq: int | None,
    title: str | None,
    now: datetime,
    fork_id: str | None = None,
) -> Session:
    """A new session with a copy of the history up to `up_to_seq` (all of it when None).

    Its id is `fork_id`, or a new one. Raises SessionExists, SessionNotFound, SessionExpired,
    QuotaReached, InvalidInput for a `up_to_seq` that does not exist.
    """
    now = lifecycle.to_milliseconds(now)
    source = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(source, now=now)
    # The seq is checked before the copy; messages appended meanwhile lie after `last`.
    last = source.message_count if up_to_seq is None else up_to_seq
    if up_to_seq is not None and not 1 <= up_to_seq <= source.message_count:
        raise InvalidInput("The session has no message at this seq.", attr="up_to_seq")
    draft = SessionDraft(
        title=source.title if title is None else title,
        metadata=source.metadata,
        ttl_seconds=source.ttl_seconds,
        tags=source.tags,
        pinned=source.pinned,
        temporary=source.temporary,
    )
    try:
        with quotas.weighed(user_id, at_least=Usage(1, last, min(1, last))) as weigh:
            new = _new_session(user_id, draft, source.context_policy, now, fork_id)
            # Before the messages: what has no message in the end is taken back by a sweep.
            attachment_store.references.carry(session_id, new.session_id, since=now)
            fork = sessions.fork(
                new,
                source_id=session_id,
                up_to_seq=last,
                new_message_id=messages.new_message_id,
                weigh=weigh,
            )
    except QuotaReached as error:
        _refuse_repeated(fork_id, error)
        raise
    _refuse_erased(fork)
    annotations.carry(source_id=session_id, fork_id=fork.session_id, up_to_seq=last)
    return fork


def timeout_at(now: datetime, ttl_seconds: int | None) -> datetime | None:
    """When a session that is active at `now` expires, by its own timeout or the default one."""
    return lifecycle.expiry(
        now=now, ttl_seconds=ttl_seconds, default_ttl_seconds=settings.SESSION_TTL_SECONDS
    )
