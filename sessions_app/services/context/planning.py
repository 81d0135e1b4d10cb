"""The context window of a session: what a model call would be sent, and why."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app import tokenizer
from sessions_app.domain import lifecycle, window
from sessions_app.domain.data import Message, OnTopicShift, Session, Strategy
from sessions_app.domain.errors import StorageUnavailable
from sessions_app.domain.limits import RESETS_KEPT
from sessions_app.domain.tokens import window_cost
from sessions_app.domain.window import (
    Layout,
    Reason,
    Recalled,
    ShownSummary,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
    fits_whole,
    plan_window,
)
from sessions_app.repository import log, sessions
from sessions_app.services import topics
from sessions_app.services.context import candidates, summaries
from sessions_app.services.context.candidates import Gathered

_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a system prompt says for one call alone; `role` is `system` or `developer`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """A planned window: the session, the plan, and the messages that it keeps, in order.

    With a `summary`, the model is sent that too, behind the system prompt; with `recalled`, that
    instead of the messages it quotes; `instructions` come right behind the prompt. The plan's
    `token_count` is what all that is sent costs.
    """

    session: Session
    plan: WindowPlan
    messages: Sequence[Message]
    summary: ShownSummary | None = None
    recalled: Recalled | None = None
    instructions: Sequence[Instruction] = ()

    @property
    def sent(self) -> list[dict[str, Any]]:
        """What a model call is sent, in the form of the chat completions wire."""
        reasons = {each.seq: each.reason for each in self.plan.messages}
        quoted = set(self.recalled.seqs) if self.recalled else set()
        prompt = [m for m in self.messages if reasons[m.seq] is Reason.SYSTEM_PROMPT]
        sent = [_wire(message) for message in prompt]
        sent += [{"role": each.role, "content": each.content} for each in self.instructions]
        if self.summary is not None:
            sent.append({"role": "system", "content": self.summary.content})
        for message in self.messages[len(prompt) :]:
            if self.recalled is not None and reasons[message.seq] is Reason.NEWEST_USER:
                sent.append({"role": "system", "content": self.recalled.content})
            if message.seq not in quoted:
                sent.append(_wire(message))
        return sent


def _wire(message: Message) -> dict[str, Any]:
    optional = {
        "name": message.name,
        "tool_calls": message.tool_calls,
        "tool_call_id": message.tool_call_id,
    }
    return {
        "role": message.role.value,
        "content": message.content,
        **{name: value for name, value in optional.items() if value is not None},
    }


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
) -> ContextWindow:
    """Plan the window of a session as it is now; nothing about the session changes.

    `max_tokens` and `strategy` stand in for the session's own; `query` for the newest user
    message. `until` is the last seq that is considered, None for the newest; those in `without`
    count as superseded. Without `tells_topics`, nothing is judged for a window that topics cannot
    change. `instructions` take their share of the budget. Raises SessionNotFound, SessionExpired,
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
    wanted = _less(window_policy(session, max_tokens, strategy), told)
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
    policy = _less(window_policy(session, max_tokens, strategy), told)
    if whole:
        gathered = candidates.as_they_are(m for m in newest if m.seq <= session.message_count)
    else:
        gathered = candidates.gather(session, policy, query)
    if without:
        gathered = candidates.superseding(gathered, without)
    summary = summaries.summary_shown(session=session, max_tokens=policy.max_tokens)
    try:
        plan, summary, recalled = window_laid_out(gathered, policy, query, summary)
    except WindowBudgetError as error:
        most = error.available + told
        raise WindowBudgetError(needed=error.needed + told, available=most) from error
    if told:
        most = plan.max_tokens + told
        plan = replace(plan, token_count=plan.token_count + told, max_tokens=most)
    kept = set(plan.kept_seqs)
    messages = [message for message in gathered.messages if message.seq in kept]
    return ContextWindow(session, plan, messages, summary, recalled, instructions)


def _less(policy: WindowPolicy, tokens: int) -> WindowPolicy:
    return replace(policy, max_tokens=policy.max_tokens - tokens) if tokens else policy


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


# Each attempt plans for as many tokens less as the last one's quotation was over the budget.
_QUOTATIONS = 4


def window_laid_out(
    gathered: Gathered, policy: WindowPolicy, query: str | None, summary: ShownSummary | None
) -> tuple[WindowPlan, ShownSummary | None, Recalled | None]:
    """The plan as it is sent: under STABLE_PREFIX, with the quotation of what was recalled."""
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
                return plan, shown, recalled
            budget -= over
    plan, shown = window_plan(gathered, replace(policy, layout=Layout.CONVERSATION), query, summary)
    return plan, shown, None


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
