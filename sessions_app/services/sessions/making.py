"""Creates sessions, new ones and copies of others."""

from dataclasses import replace
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain.data import (
    ContextPolicy,
    NewSession,
    Role,
    Session,
)
from sessions_app.domain.drafts import MessageDraft, SessionDraft
from sessions_app.domain.errors import (
    InvalidInput,
    QuotaReached,
    SessionExists,
    TooLarge,
)
from sessions_app.domain.quotas import Usage
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import annotations, log, sessions
from sessions_app.repository import attachments as attachment_store
from sessions_app.repository.sessions.names import Claim
from sessions_app.services import attachments, identity, messages, quotas, receipts
from sessions_app.services.sessions.changing import session_delete
from sessions_app.services.sessions.terms import policy_default, temporary_ttl, timeout_at
from sessions_app.services.tallies import tallies


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
        draft = replace(draft, ttl_seconds=temporary_ttl(draft.ttl_seconds))
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
