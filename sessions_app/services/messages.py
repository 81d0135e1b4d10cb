"""Appends messages to sessions and reads pages of them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.conf import settings

from sessions_app import clock, tokenizer, tracing
from sessions_app.domain import drafts
from sessions_app.domain.data import Appended, MessagePage
from sessions_app.domain.drafts import MessageDraft, NewMessage
from sessions_app.domain.errors import IdempotencyMismatch
from sessions_app.domain.limits import SEQ_LAST
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import log
from sessions_app.repository.log import AppendRequest, Repeat
from sessions_app.services import attachments, dividers, quotas
from sessions_app.services.tallies import tallies


def new_message_id() -> str:
    """`msg_` and the 32 hexadecimal digits of a UUIDv7, so that ids sort by time."""
    return f"msg_{clock.uuid7().hex}"


def message_prepare(
    *, draft: MessageDraft, now: datetime, path: str = "", max_chars: int | None = None
) -> NewMessage:
    """Check a draft and count its tokens; raises InvalidInput or TooLarge naming the field.

    `max_chars` bounds its text, if not as that of a message that is stored.
    """
    # Calls are stored as JSON text, so that text is what the limit is about.
    calls = json.dumps(draft.tool_calls) if draft.tool_calls else ""
    most = settings.MESSAGE_MAX_CHARS if max_chars is None else max_chars
    drafts.check(draft, max_chars=most, tool_call_chars=len(calls), path=path)
    return NewMessage(
        id=new_message_id(),
        role=draft.role,
        content=draft.content,
        token_count=drafts.message_tokens(
            tokenizer.count_tokens,
            draft.content,
            name=draft.name,
            tool_calls=draft.tool_calls or (),
            attached=draft.parts,
        ),
        timestamp=lifecycle.to_milliseconds(now),
        client_id=draft.client_id,
        name=draft.name,
        tool_calls=draft.tool_calls,
        tool_call_id=draft.tool_call_id,
        metadata=draft.metadata,
        reasoning=draft.reasoning,
        extra=draft.extra,
        items=draft.items,
        parts=draft.parts,
        replaces=draft.replaces,
    )


def batch_prepare(*, batch: Sequence[MessageDraft], now: datetime) -> list[NewMessage]:
    """Check and count every draft of a batch before any of it is stored."""
    # All drafts before any: a batch is stored as a whole or not at all.
    drafts.check_keys(batch)
    return [
        message_prepare(draft=draft, now=now, path=f"messages.{position}.")
        for position, draft in enumerate(batch)
    ]


@tracing.step
def message_append(
    *, session_id: str, user_id: str, draft: MessageDraft, now: datetime
) -> Appended:
    """Append one message, once per `client_id`."""
    if draft.parts:
        [draft] = attachments.settled([draft], session_id=session_id, user_id=user_id, now=now)
    return _append(session_id, user_id, [message_prepare(draft=draft, now=now)], now)


@tracing.step
def message_append_batch(
    *,
    session_id: str,
    user_id: str,
    batch: Sequence[MessageDraft],
    now: datetime,
    key: str | None = None,
    repeat: Repeat | None = None,
) -> Appended:
    """Append all of `batch` at consecutive `seq`, or nothing.

    `key` stands for the whole batch: its messages without a `client_id` get `key/0`, `key/1` …
    `repeat`: as in an `AppendRequest`.
    """
    if key:
        batch = [
            draft if draft.client_id else replace(draft, client_id=f"{key}/{position}")
            for position, draft in enumerate(batch)
        ]
    batch = attachments.settled(batch, session_id=session_id, user_id=user_id, now=now)
    appended = _append(session_id, user_id, batch_prepare(batch=batch, now=now), now, repeat)
    # Keys `key/0` … may be those of a longer batch under the same key: then the body differs.
    if key and appended.replayed:
        _refuse_part(session_id, user_id, appended, f"{key}/{len(batch)}")
    return appended


def _refuse_part(session_id: str, user_id: str, appended: Appended, next_key: str) -> None:
    """Raise IdempotencyMismatch when the earlier batch under this key was longer."""
    after = appended.messages[-1].seq + 1
    _, following = log.read_range(session_id=session_id, user_id=user_id, first=after, last=after)
    if any(message.client_id == next_key for message in following):
        raise IdempotencyMismatch


def _append(
    session_id: str,
    user_id: str,
    prepared: Sequence[NewMessage],
    now: datetime,
    repeat: Repeat | None = None,
) -> Appended:
    request = AppendRequest(
        session_id=session_id,
        user_id=user_id,
        messages=prepared,
        now=lifecycle.to_milliseconds(now),
        default_ttl_seconds=settings.SESSION_TTL_SECONDS,
        repeat=repeat,
        gate=quotas.Gate(user_id),
    )
    appended = log.append(request)
    # A replay stored nothing, so it must not count again.
    if not appended.replayed:
        tallies.messages_stored(user_id, prepared, now)
    return appended


@tracing.step
def message_page(
    *,
    session_id: str,
    user_id: str,
    after: int | None,
    before: int | None,
    limit: int,
    now: datetime,
) -> MessagePage:
    """At most `limit` messages: those next `after` a seq, or the last `before` one; oldest first.

    Raises SessionNotFound, SessionExpired.
    """
    if before is not None:
        last = min(before, SEQ_LAST) - 1
        first = last - limit + 1
    else:
        first = min(after or 0, SEQ_LAST) + 1
        last = first + limit - 1
    session, messages = log.read_range(
        session_id=session_id, user_id=user_id, first=first, last=last
    )
    lifecycle.require_readable(session, now=now)
    newest = session.message_count
    if before is not None and last > newest:
        # `before` is beyond the end: the page before it ends with the newest message.
        return message_page(
            session_id=session_id,
            user_id=user_id,
            after=None,
            before=newest + 1,
            limit=limit,
            now=now,
        )
    more = first > 1 if before is not None else last < newest
    return MessagePage(dividers.with_dividers(session, messages), has_more=more, latest_seq=newest)
