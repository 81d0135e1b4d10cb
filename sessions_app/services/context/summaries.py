"""Rolling summaries: extended after a turn, shown in the window, never in place of the messages."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.conf import settings

from sessions_app import tokenizer
from sessions_app.domain import lifecycle, window
from sessions_app.domain.data import Message, Role, Session, SessionPosition, Status
from sessions_app.domain.dialect import unwrapped
from sessions_app.domain.errors import ProviderError, SessionNotFound
from sessions_app.domain.limits import OPENING_MAX_MESSAGES, PAGE_MAX
from sessions_app.domain.text import storable
from sessions_app.domain.tokens import total_window_cost
from sessions_app.domain.window import MOST_READ, Extension, ShownSummary, Summary
from sessions_app.providers import Completion, Provider
from sessions_app.repository import log, sessions, summaries
from sessions_app.services import dialects

_MODEL_MAX_CHARS = 200


class Outcome(StrEnum):
    """What came of an attempt to extend a summary."""

    EXTENDED = "extended"
    NOT_DUE = "not_due"
    # Somebody else extended it meanwhile, or a message was erased: what was made is discarded.
    OVERTAKEN = "overtaken"


@dataclass(frozen=True, slots=True)
class Extended:
    """What became of a session's summary; `completion` is the model call, when there was one."""

    outcome: Outcome
    summary: Summary | None = None
    completion: Completion | None = None


def enabled() -> bool:
    """Whether summaries are made and shown: they are asked for, and there is a model for them."""
    return bool(settings.CONTEXT_SUMMARY and settings.LLM_BASE_URL)


def summary_shown(*, session: Session, max_tokens: int) -> ShownSummary | None:
    """The summary for a window of `max_tokens`; None where there is none that may be shown.

    A conversation that fits whole needs none, and one that says anything of what a reset has
    hidden is not for the model. Reads what is stored, never calls a model.
    """
    policy = session.context_policy
    if not enabled() or window.fits_whole(
        session, max_tokens=max_tokens, max_messages=policy.max_messages
    ):
        return None
    held = summaries.read(session_id=session.session_id, user_id=session.user_id)
    if held.summary is None or held.summary.first_seq < window.visible_from(session):
        return None
    return window.shown(held.summary, max_tokens=max_tokens, count=tokenizer.count_tokens)


def summary_extend(*, session_id: str, user_id: str, provider: Provider, now: datetime) -> Extended:
    """Extend the summary by a bounded run of what the window drops, in at most one model call.

    For after a reply; nobody waits for it, and a failure leaves everything as it was. Raises
    SessionNotFound, SessionExpired, SessionArchived, ProviderError, ProviderTimeout.
    """
    session = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_writable(session, now=now)
    bound = window.length_bound(session.context_policy.max_tokens)
    if not bound or not may_be_due(session):
        return Extended(Outcome.NOT_DUE)
    # Before the messages: its count of erasures must not be newer than they are.
    held = summaries.read(session_id=session_id, user_id=user_id)
    start = window.visible_from(session)
    # After a reset, or the undoing of one, it begins again there.
    before = held.summary if held.summary and held.summary.first_seq == start else None
    extension = _next(session, before.last_seq + 1 if before else start)
    if extension is None or not extension.worth_a_call:
        return Extended(Outcome.NOT_DUE, held.summary)
    summary, completion = _extended(before, extension, start, bound, provider, now)
    written = summaries.write(
        session_id=session_id, user_id=user_id, summary=summary, replacing=held
    )
    if not written:
        return Extended(Outcome.OVERTAKEN, completion=completion)
    return Extended(Outcome.EXTENDED, summary, completion)


def may_be_due(session: Session) -> bool:
    """Whether the window can be dropping anything, judged by the session's totals alone."""
    policy = session.context_policy
    return not window.fits_whole(
        session, max_tokens=policy.max_tokens, max_messages=policy.max_messages
    )


def session_owner(*, session_id: str) -> str:
    """Whose session it is, for an operator who has the id alone; raises SessionNotFound."""
    owner = summaries.owner(session_id)
    if owner is None:
        raise SessionNotFound
    return owner


def summary_candidates(*, user_id: str | None, now: datetime) -> Iterator[Session]:
    """The sessions whose summary may be due: one user's, newest activity first, or everybody's."""
    found = _sessions_of(user_id, now) if user_id else _sessions(now)
    return (session for session in found if may_be_due(session))


def _sessions_of(user_id: str, now: datetime) -> Iterator[Session]:
    position: SessionPosition | None = None
    while True:
        page = sessions.list_page(
            user_id=user_id,
            status=Status.ACTIVE,
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


def _sessions(now: datetime) -> Iterator[Session]:
    last = ""
    while found := summaries.active_sessions(after=last, now=now):
        yield from found
        last = found[-1].session_id


def _next(session: Session, first: int) -> Extension | None:
    """What is to be summarised from `first` on; None when the window drops nothing new."""
    policy = session.context_policy
    newest = _newest(session)
    if not newest:
        return None
    prompt = _prompt(session, newest)
    budget = policy.max_tokens - total_window_cost(m.token_count for m in prompt)
    if not window.overflows(newest, max_tokens=budget, max_messages=policy.max_messages):
        return None
    end = window.newest_start(newest, max_tokens=budget, max_messages=policy.max_messages)
    run = _range(session, first, min(end, first + window.EXTENSION_MESSAGES) - 1)
    if not run:
        return None
    return window.extension(run, max_tokens=policy.max_tokens, count=tokenizer.count_tokens)


def _newest(session: Session) -> list[Message]:
    """The visible messages at the end, to beyond the budget; bounded by it, not by the session."""
    policy = session.context_policy
    start = window.visible_from(session)
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
        limit *= 4


def _prompt(session: Session, newest: list[Message]) -> list[Message]:
    """The system prompt, where it is not among `newest`; the window holds it whatever a reset."""
    if newest[0].seq == 1:
        return []
    opening = _range(session, 1, min(OPENING_MAX_MESSAGES, newest[0].seq - 1))
    return [m for m in opening if m.role is Role.SYSTEM and not m.deleted]


def _range(session: Session, first: int, last: int) -> list[Message]:
    if first > last:
        return []
    _, found = log.read_range(
        session_id=session.session_id, user_id=session.user_id, first=first, last=last
    )
    return found


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
    # Nothing but tombstones: the range grows, and there is nothing to pay a model for.
    if extension.lines:
        asked = window.request(before, extension.lines, bound=bound)
        completion = dialects.complete(provider, asked, max_tokens=bound)
        said = storable(unwrapped(completion.text))
        text = window.clipped(said, bound, tokenizer.count_tokens)
        model = storable(completion.model)[:_MODEL_MAX_CHARS]
        if not text:
            raise ProviderError("The model's server gave an empty answer.")
    made = Summary(
        text=text,
        first_seq=start,
        last_seq=extension.last_seq,
        token_count=tokenizer.count_tokens(text),
        model=model,
        made_at=lifecycle.to_milliseconds(now),
    )
    return made, completion
