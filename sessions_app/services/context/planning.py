"""The context window of a session: what a model call would be sent, and why."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app import tokenizer
from sessions_app.domain import lifecycle, window
from sessions_app.domain.data import Message, OnTopicShift, Session, Strategy
from sessions_app.domain.dialect import AS_OPENAI, Manner, Request
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.limits import RESETS_KEPT
from sessions_app.domain.tokens import window_cost
from sessions_app.domain.window import (
    Layout,
    Recalled,
    ShownSummary,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
    fits_whole,
    plan_window,
)
from sessions_app.repository import log, sessions
from sessions_app.services import dialects, topics
from sessions_app.services.context import candidates, summaries, writing
from sessions_app.services.context.candidates import Gathered
from sessions_app.services.context.writing import Instruction, LaidOut

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """A planned window: the session, the plan, and the request that it is sent as.

    With a `summary`, the model is sent that too, behind the system prompt; with `recalled`, that
    instead of the messages it quotes; the call's own instructions come right behind the prompt. The
    plan's `token_count` is what all that is sent costs.
    """

    session: Session
    plan: WindowPlan
    request: Request
    summary: ShownSummary | None = None
    recalled: Recalled | None = None

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What a model call is sent, in the form of the chat completions wire."""
        return self.request.messages


def context_plan(
    *,
    session_id: str,
    user_id: str,
    max_tokens: int | None,
    strategy: Strategy | None,
    query: str | None,
    now: datetime,
    until: int | None = None,
    tells_topics: bool = True,
    without: Collection[int] = (),
    instructions: Sequence[Instruction] = (),
    manner: Manner | None = None,
) -> ContextWindow:
    """Plan the window of a session as it is now; nothing about the session changes.

    `max_tokens` and `strategy` stand in for the session's own; `query` for the newest user
    message. `until` is the last seq that is considered, None for the newest; those in `without`
    count as superseded. Without `tells_topics`, nothing is judged for a window that topics cannot
    change. `instructions` take their share of the budget. `manner` is how the server wants it
    written, None for what is known of the configured one. Raises SessionNotFound, SessionExpired,
    WindowBudgetError.
    """
    place = {"session_id": session_id, "user_id": user_id}
    newest: list[Message] = []
    if tells_topics:
        session = log.read_header(**place)
    else:
        session, newest = log.read_newest(**place, limit=_READ_AT_ONCE)
    lifecycle.require_readable(session, now=now)
    told = sum(window_cost(tokenizer.count_tokens(each.content)) for each in instructions)
    wanted = window_policy(session, max_tokens, strategy)
    wanted = replace(wanted, max_tokens=wanted.max_tokens - told)
    whole = len(newest) == session.message_count and _keeps_all(session, wanted)
    if not whole and _needs_topics(session, wanted):
        session = topics.catch_up(**place, seconds=topics.CATCH_UP_SECONDS).session
    if until is not None:
        session = replace(
            session,
            message_count=min(until, session.message_count),
            # What is asked about is shown even where a reset has hidden it.
            context_start=min(session.context_start, until),
        )
    policy = window_policy(session, max_tokens, strategy)
    if whole:
        gathered = candidates.as_they_are(m for m in newest if m.seq <= session.message_count)
    else:
        rest = replace(policy, max_tokens=policy.max_tokens - told)
        gathered = candidates.gather(session, rest, query)
    if without:
        gathered = candidates.superseding(gathered, without)
    summary = summaries.summary_shown(session=session, max_tokens=policy.max_tokens)
    laid_out, request = window_written(
        gathered, policy, query, summary, instructions, manner or dialects.known()
    )
    return ContextWindow(session, laid_out.plan, request, laid_out.summary, laid_out.recalled)


# A session of so many messages is read together with its header.
_READ_AT_ONCE = 128
# So many unjudged messages cost a window of the newest ones little; more wait for a window, or a
# list of topics, that rests on them.
_JUDGED_IN_PASSING = 128


def _needs_topics(session: Session, policy: WindowPolicy) -> bool:
    """Whether to judge what has been appended before planning."""
    behind = session.message_count - (session.topic.judged if session.topic else 0)
    indifferent = policy.strategy is Strategy.RECENT and (
        session.context_policy.on_topic_shift is not OnTopicShift.RESET
    )
    return 0 < behind <= _JUDGED_IN_PASSING if indifferent else behind > 0


def _keeps_all(session: Session, policy: WindowPolicy) -> bool:
    """Whether the window holds the whole session, whatever its topics turn out to be."""
    own = session.context_policy
    return own.on_topic_shift is not OnTopicShift.RESET and fits_whole(
        session, max_tokens=policy.max_tokens, max_messages=own.max_messages
    )


# Each attempt plans for as many tokens less as what came of the last one was over the budget.
_QUOTATIONS = 4
_WRITINGS = 8


def window_written(
    gathered: Gathered,
    policy: WindowPolicy,
    query: str | None,
    summary: ShownSummary | None,
    instructions: Sequence[Instruction] = (),
    manner: Manner = AS_OPENAI,
) -> tuple[LaidOut, Request]:
    """The window as it is sent, all of it within the budget, and the request.

    The plan's `token_count` is the request's. Raises WindowBudgetError.
    """
    told = sum(window_cost(tokenizer.count_tokens(each.content)) for each in instructions)
    budget, over = policy.max_tokens - told, 0
    for _ in range(_WRITINGS):
        budget -= over
        try:
            laid_out = window_laid_out(gathered, replace(policy, max_tokens=budget), query, summary)
        except WindowBudgetError as error:
            # What is asked for is missing, whatever an attempt was planned for.
            short = error.needed - error.available
            most = policy.max_tokens
            raise WindowBudgetError(needed=most + short, available=most) from error
        request = writing.write(laid_out, instructions, manner)
        spent = writing.cost(request, laid_out.messages)
        over = spent - policy.max_tokens
        # A plan over its own budget is a mistake, which planning again would not mend: the audit
        # finds it.
        if over <= 0 or laid_out.plan.token_count > budget:
            plan = replace(laid_out.plan, token_count=spent, max_tokens=policy.max_tokens)
            return replace(laid_out, plan=plan), request
    raise WindowBudgetError(needed=policy.max_tokens + over, available=policy.max_tokens)


def window_laid_out(
    gathered: Gathered, policy: WindowPolicy, query: str | None, summary: ShownSummary | None
) -> LaidOut:
    """The plan as it is laid out: under STABLE_PREFIX, with the quotation of what was recalled.

    What must be in it is cut where it would not fit.
    """
    gathered, cut = writing.cut_to_fit(gathered, policy)
    budget = policy.max_tokens
    for _ in range(_QUOTATIONS if policy.layout is Layout.STABLE_PREFIX else 0):
        with suppress(WindowBudgetError):
            plan, shown = window_plan(gathered, replace(policy, max_tokens=budget), query, summary)
            recalled = window.recall(plan, gathered.messages, tokenizer.count_tokens)
            spent = plan.token_count
            if recalled is not None:
                spent += window.quotation_cost(plan, recalled)
            over = spent - policy.max_tokens
            if over <= 0:
                plan = replace(plan, token_count=spent, max_tokens=policy.max_tokens)
                return _laid_out(plan, gathered, shown, recalled, cut)
            budget -= over
    plan, shown = window_plan(gathered, replace(policy, layout=Layout.CONVERSATION), query, summary)
    return _laid_out(plan, gathered, shown, None, cut)


def _laid_out(
    plan: WindowPlan,
    gathered: Gathered,
    summary: ShownSummary | None,
    recalled: Recalled | None,
    cut: Mapping[int, str],
) -> LaidOut:
    kept = set(plan.kept_seqs)
    messages = [message for message in gathered.messages if message.seq in kept]
    return LaidOut(plan, messages, summary, recalled, cut, gathered.offered)


def window_plan(
    gathered: Gathered, policy: WindowPolicy, query: str | None, summary: ShownSummary | None
) -> tuple[WindowPlan, ShownSummary | None]:
    """The plan for what the summary leaves of the budget; without it where that is too little."""
    offered, vector = gathered.offered, gathered.query_vector
    if summary is not None:
        rest = replace(policy, max_tokens=policy.max_tokens - summary.cost)
        with suppress(WindowBudgetError):
            plan = plan_window(offered, rest, query=query, query_vector=vector)
            spent = plan.token_count + summary.cost
            return replace(plan, token_count=spent, max_tokens=policy.max_tokens), summary
    return plan_window(offered, policy, query=query, query_vector=vector), None


def window_policy(
    session: Session, max_tokens: int | None, strategy: Strategy | None
) -> WindowPolicy:
    """What a window is planned by: the session's policy, with what the caller asks instead."""
    own = session.context_policy
    on_shift = own.on_topic_shift
    topic = session.topic
    if on_shift is OnTopicShift.RESET and topic and topic.start_seq <= topic.undone:
        # The shift that would reset the window has been undone: it still lowers priorities.
        on_shift = OnTopicShift.ADJUST
    return WindowPolicy(
        max_tokens=max_tokens or own.max_tokens,
        strategy=strategy or own.strategy,
        max_messages=own.max_messages,
        on_topic_shift=on_shift,
        context_start=session.context_start,
        layout=Layout(settings.CONTEXT_LAYOUT),
        answering=True,
    )


def context_reset(*, session_id: str, user_id: str, undo: bool, now: datetime) -> Session:
    """Start the window after the newest message, or take the last reset back.

    A reset by a topic shift is taken back too, when it is the later one. Undoing with nothing to
    undo changes nothing. Raises SessionNotFound, SessionExpired, SessionArchived.
    """
    now = lifecycle.to_milliseconds(now)
    for _ in range(_ATTEMPTS):
        session = log.read_header(session_id=session_id, user_id=user_id)
        lifecycle.require_writable(session, now=now)
        changes = _undone(session) if undo else _reset(session)
        if not changes:
            return session
        changed = sessions.change(
            session=session,
            changes=changes | {"expires_at": _expiry(session, now)},
            now=now,
            versions=None,
        )
        if changed is not None:
            return changed
    raise StorageUnavailable


def _expiry(session: Session, now: datetime) -> datetime | None:
    return lifecycle.expiry(
        now=now,
        ttl_seconds=session.ttl_seconds,
        default_ttl_seconds=settings.SESSION_TTL_SECONDS,
    )


def _reset(session: Session) -> dict[str, Any]:
    return {
        "context_start": session.message_count + 1,
        "context_resets": [*session.context_resets, session.context_start][-RESETS_KEPT:],
    }


def _undone(session: Session) -> dict[str, Any]:
    topic = session.topic
    by_shift = (
        session.context_policy.on_topic_shift is OnTopicShift.RESET
        and topic is not None
        and topic.current > 1
        and topic.start_seq > max(topic.undone, session.context_start - 1)
    )
    if by_shift and topic is not None:
        return {"topic.undone": topic.start_seq}
    if not session.context_resets:
        return {}
    *earlier, last = session.context_resets
    return {"context_start": last, "context_resets": earlier}
