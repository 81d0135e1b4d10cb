"""Rolling summaries: extended after a turn, and shown in the window beside the messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings

from sessions_app import tokenizer, tracing
from sessions_app.domain import window
from sessions_app.domain.data import Message, Role, Session, SessionFilter, SessionPosition
from sessions_app.domain.dialect import unwrapped
from sessions_app.domain.errors import ProviderError, SessionNotFound
from sessions_app.domain.limits import OPENING_MAX_MESSAGES, PAGE_MAX
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.texts.text import storable
from sessions_app.domain.texts.tokens import total_window_cost
from sessions_app.domain.window import MOST_READ, Extension, ShownSummary, Summary
from sessions_app.providers import Completion, Provider
from sessions_app.repository import log, sessions
from sessions_app.repository.sessions import summaries
from sessions_app.services import dialects
from sessions_app.services.context.candidates import read_range

_MODEL_MAX_CHARS = 200


class ExtensionOutcome(StrEnum):
    """The outcome of an attempt to extend a summary."""

    EXTENDED = "extended"
    NOT_DUE = "not_due"
    # Another worker extended it meanwhile, or a message was erased: the new text is discarded.
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Extended:
    """The outcome for a session's summary; `completion` is the model call, if there was one."""

    outcome: ExtensionOutcome
    summary: Summary | None = None
    completion: Completion | None = None


def enabled() -> bool:
    """Whether summaries are made and shown: CONTEXT_SUMMARY is set, and so is a model."""
    return bool(settings.CONTEXT_SUMMARY and settings.LLM_BASE_URL)


def summary_shown(*, session: Session, max_tokens: int) -> ShownSummary | None:
    """The summary for a window of `max_tokens`; None where none may be shown.

    A conversation that fits whole needs no summary. A summary that covers messages hidden by a
    reset is not shown. Reads the stored summary and never calls a model.
    """
    policy = session.context_policy
    if not enabled() or window.fits_whole(
        session, max_tokens=max_tokens, max_messages=policy.max_messages
    ):
        return None
    stored = summaries.read(session_id=session.session_id, user_id=session.user_id)
    if stored.summary is None or stored.summary.first_seq < window.visible_from(
        session, least=settings.TOPIC_RESET_THRESHOLD
    ):
        return None
    return window.shown(stored.summary, max_tokens=max_tokens, count=tokenizer.count_tokens)


@tracing.step
def summary_extend(*, session_id: str, user_id: str, provider: Provider, now: datetime) -> Extended:
    """Extend the summary by a bounded run of messages that the window drops.

    Makes at most one model call. Runs after a reply, without a client waiting; a failure changes
    nothing. Raises SessionNotFound, SessionExpired, SessionArchived, ProviderError,
    ProviderTimeout.
    """
    session = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_writable(session, now=now)
    bound = window.length_bound(session.context_policy.max_tokens)
    if not bound or not may_be_due(session):
        return Extended(ExtensionOutcome.NOT_DUE)
    # Read before the messages: its count of erasures must not be newer than they are, or a message
    # erased in between would stay in the summary.
    stored = summaries.read(session_id=session_id, user_id=user_id)
    start = window.visible_from(session, least=settings.TOPIC_RESET_THRESHOLD)
    # A summary from before a reset, or before its undoing, is not extended: the next one starts
    # at the first visible message.
    before = stored.summary if stored.summary and stored.summary.first_seq == start else None
    extension = _next(session, before.last_seq + 1 if before else start)
    if extension is None or not extension.worth_a_call:
        return Extended(ExtensionOutcome.NOT_DUE, stored.summary)
    summary, completion = _extended(before, extension, start, bound, provider, now)
    written = summaries.write(
        session_id=session_id, user_id=user_id, summary=summary, replacing=stored
    )
    if not written:
        return Extended(ExtensionOutcome.OVERTAKEN, completion=completion)
    return Extended(ExtensionOutcome.EXTENDED, summary, completion)


def may_be_due(session: Session) -> bool:
    """Whether the window can be dropping messages, by the session's totals alone."""
    policy = session.context_policy
    return not window.fits_whole(
        session, max_tokens=policy.max_tokens, max_messages=policy.max_messages
    )


def session_owner(*, session_id: str) -> str:
    """The owner of a session, for an operator who has only its id; raises SessionNotFound."""
    owner = summaries.owner(session_id)
    if owner is None:
        raise SessionNotFound
    return owner


def summary_candidates(
    *, user_id: str | None, now: datetime, after: str = ""
) -> Iterator[tuple[Session, bool]]:
    """Each active session, and whether its summary may be due: a user's, or all users'.

    A user's come with the newest activity first, all users' in order of `_id`, from `after` on.
    Those that are not due come too: of very many, a caller keeps its place, and rests.
    """
    active = _sessions_of(user_id, now) if user_id else _sessions(now, after)
    return ((session, bool(session.damage) or may_be_due(session)) for session in active)


def _sessions_of(user_id: str, now: datetime) -> Iterator[Session]:
    position: SessionPosition | None = None
    while True:
        page = sessions.list_page(
            user_id=user_id,
            wanted=SessionFilter(),
            now=now,
            limit=PAGE_MAX,
            position=position,
            backwards=False,
        )
        yield from page.sessions
        if not page.has_next:
            return
        last = page.sessions[-1]
        position = SessionPosition(last.updated_at, last.session_id)


def _sessions(now: datetime, last: str) -> Iterator[Session]:
    while page := summaries.active_sessions(after=last, now=now):
        yield from page
        last = page[-1].session_id


def _next(session: Session, first: int) -> Extension | None:
    """The run to summarise from `first` on; None where the window drops nothing new."""
    policy = session.context_policy
    newest = _newest(session)
    if not newest:
        return None
    prompt = _prompt(session, newest)
    budget = policy.max_tokens - total_window_cost(m.token_count for m in prompt)
    if not window.overflows(newest, max_tokens=budget, max_messages=policy.max_messages):
        return None
    end = window.newest_start(newest, max_tokens=budget, max_messages=policy.max_messages)
    run = read_range(session, first, min(end, first + window.EXTENSION_MESSAGES) - 1)
    if not run:
        return None
    return window.extension(run, max_tokens=policy.max_tokens, count=tokenizer.count_tokens)


def _newest(session: Session) -> list[Message]:
    """The newest visible messages until the budget is full: bounded by it, not by the session."""
    policy = session.context_policy
    start = window.visible_from(session, least=settings.TOPIC_RESET_THRESHOLD)
    limit = 128
    while True:
        _, read = log.read_newest(
            session_id=session.session_id, user_id=session.user_id, limit=limit
        )
        newest = [message for message in read if message.seq >= start]
        full = window.overflows(
            newest, max_tokens=policy.max_tokens, max_messages=policy.max_messages
        )
        if full or len(newest) < limit or limit >= MOST_READ:
            return newest
        # Rarely needed: only for very short messages or a very large budget.
        limit *= 4


def _prompt(session: Session, newest: list[Message]) -> list[Message]:
    """The system prompt where it is not among `newest`; the window holds it even after a reset."""
    if newest[0].seq == 1:
        return []
    opening = read_range(session, 1, min(OPENING_MAX_MESSAGES, newest[0].seq - 1))
    return [m for m in opening if m.role is Role.SYSTEM and not m.deleted]


def _extended(
    before: Summary | None,
    extension: Extension,
    start: int,
    bound: int,
    provider: Provider,
    now: datetime,
) -> tuple[Summary, Completion | None]:
    text, model = (before.text, before.model) if before else ("", "")
    completion = None
    # A run of tombstones alone extends the range without a model call.
    if extension.lines:
        prompt = window.request(before, extension.lines, bound=bound)
        completion = dialects.complete(provider, prompt, max_tokens=bound)
        summary_text = storable(unwrapped(completion.text))
        text = window.clipped(summary_text, bound, tokenizer.count_tokens)
        model = storable(completion.model)[:_MODEL_MAX_CHARS]
        # An empty summary would stand for messages that said something.
        if not text:
            raise ProviderError("The model's server gave an empty answer.")
    summary = Summary(
        text=text,
        first_seq=start,
        last_seq=extension.last_seq,
        token_count=tokenizer.count_tokens(text),
        model=model,
        made_at=lifecycle.to_milliseconds(now),
    )
    return summary, completion
