"""Plans a session's context window: the messages of a model call, and the reason for each."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app import instruments, tokenizer, tracing
from sessions_app.domain import window
from sessions_app.domain.data import Message, OnTopicShift, Role, Session, Strategy
from sessions_app.domain.dialect import AS_OPENAI, Manner, Request, SentAs
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.texts.tokens import window_cost
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
from sessions_app.repository import log
from sessions_app.services import dialects, topics
from sessions_app.services.context import candidates, summaries, writing
from sessions_app.services.context.attached import newest_attached
from sessions_app.services.context.candidates import Candidates
from sessions_app.services.context.writing import Instruction, LaidOut


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """A planned window: the session, the plan, and the request that it is sent as.

    `messages` are the candidates as they are stored, kept or not.

    The call's own instructions follow the system prompt, then the `summary` if there is one.
    `recalled` is sent in place of the messages it quotes. The plan's `token_count` covers
    everything that is sent.
    """

    session: Session
    plan: WindowPlan
    request: Request
    # Whether every message had been judged, where the window depends on it.
    complete: bool = True
    messages: Sequence[Message] = ()
    summary: ShownSummary | None = None
    recalled: Recalled | None = None

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The messages of the model call, in the shape of OpenAI's chat completions."""
        return self.request.messages


@tracing.step
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
    seconds: float = topics.CATCH_UP_SECONDS,
    without: Collection[int] = (),
    instructions: Sequence[Instruction] = (),
    manner: Manner | None = None,
    unsaved: Sequence[Message] = (),
) -> ContextWindow:
    """Plan the window of a session as it is now; the session is not changed.

    `max_tokens` and `strategy` replace the session's own, `query` the newest user message. `until`
    is the last seq that is considered, None for the newest; the messages in `without` count as
    superseded. Without `tells_topics`, topics are judged only where they can change the window, and
    for about `seconds`; the window is planned with what is known then. `unsaved` are messages
    behind those, which are not stored: the last of them is to be answered.
    `instructions` take their share of the budget. `manner` is how the server wants it written,
    None for what is known of the configured one. Raises SessionNotFound, SessionExpired,
    WindowBudgetError.
    """
    began = time.monotonic()
    complete = True
    session, tail = log.read_tail(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(session, now=now)
    instruction_cost = sum(
        window_cost(tokenizer.count_tokens(each.content)) for each in instructions
    )
    policy = window_policy(session, max_tokens, strategy)
    rest = replace(policy, max_tokens=policy.max_tokens - instruction_cost)
    # Everything fits: no topics, vectors or older messages have to be read.
    query = query or _newest_question(unsaved)
    whole = len(tail) == session.message_count and _keeps_all(_with(session, unsaved), rest)
    if (tells_topics or not whole) and _needs_topics(session, rest):
        caught_up = topics.catch_up(session_id=session_id, user_id=user_id, seconds=seconds)
        session, complete = caught_up.session, caught_up.complete
        # More may have come meanwhile.
        whole = whole and len(tail) == session.message_count
    if until is not None:
        session = replace(
            session,
            message_count=min(until, session.message_count),
            # The message at `until` is shown even where a reset has hidden it.
            context_start=min(session.context_start, until),
        )
    # Again, since judging topics and `until` may have changed what the policy depends on.
    policy = window_policy(session, max_tokens, strategy)
    if whole:
        shown = [message for message in tail if message.seq <= session.message_count]
        gathered = candidates.listed(session, shown) if tells_topics else candidates.unranked(shown)
    else:
        rest = replace(policy, max_tokens=policy.max_tokens - instruction_cost)
        gathered = candidates.gather(session, rest, query, tail)
    if unsaved:
        gathered = candidates.followed_by(gathered, unsaved)
    if without:
        gathered = candidates.superseding(gathered, without)
    summary = summaries.summary_shown(session=session, max_tokens=policy.max_tokens)
    laid_out, request = window_written(
        gathered, policy, query, summary, instructions, manner or dialects.known()
    )
    instruments.window_planned(policy.strategy.value, time.monotonic() - began)
    return ContextWindow(
        session,
        laid_out.plan,
        request,
        complete,
        gathered.messages,
        laid_out.summary,
        laid_out.recalled,
    )


def _newest_question(messages: Sequence[Message]) -> str | None:
    return next((m.content for m in reversed(messages) if m.role is Role.USER), None)


def _with(session: Session, unsaved: Sequence[Message]) -> Session:
    return replace(
        session,
        message_count=session.message_count + len(unsaved),
        token_count=session.token_count + sum(message.token_count for message in unsaved),
    )


# What a window leaves out because there is no room, or less of it than would be needed.
_TRIMMED = frozenset(
    {
        Reason.PREVIOUS_TOPIC,
        Reason.OVER_BUDGET,
        Reason.OVER_MAX_MESSAGES,
        Reason.STABLE_CUT,
        Reason.LESS_RELEVANT,
    }
)


def require_whole(planned: ContextWindow) -> None:
    """Raise InvalidInput where the window leaves out a message that would be sent if it fitted."""
    session, plan = planned.session, planned.plan
    considered = sum(each.seq >= session.context_start for each in plan.messages)
    unread = session.message_count - session.context_start + 1 - considered
    trimmed = sum(each.reason in _TRIMMED for each in plan.messages if not each.kept)
    cut = any(change.sent_as is SentAs.CUT for change in planned.request.changes)
    if planned.summary is not None or trimmed or cut or unread > 0:
        error = InvalidInput(
            f"The conversation does not fit into {plan.max_tokens} tokens, and truncation is "
            "disabled.",
            attr="truncation",
        )
        error.code = WindowBudgetError.code
        raise error


# A window that does not need topics judges up to this many messages on the way, which costs it
# little. A longer backlog is left to a window, or a list of topics, that needs it.
_JUDGED_IN_PASSING = 128


def _needs_topics(session: Session, policy: WindowPolicy) -> bool:
    """Whether the messages that have no topic yet are judged before planning."""
    behind = session.message_count - (session.topic.judged if session.topic else 0)
    indifferent = policy.strategy is Strategy.RECENT and (
        session.context_policy.on_topic_shift is not OnTopicShift.RESET
    )
    return 0 < behind <= _JUDGED_IN_PASSING if indifferent else behind > 0


def _keeps_all(session: Session, policy: WindowPolicy) -> bool:
    """Whether the window holds the whole session, whatever its topics are."""
    own = session.context_policy
    return own.on_topic_shift is not OnTopicShift.RESET and fits_whole(
        session, max_tokens=policy.max_tokens, max_messages=own.max_messages
    )


# Attempts to fit the budget: each plans with the budget of the one before, less the tokens by
# which that one was over.
_QUOTATIONS = 4
_WRITINGS = 8


def window_written(
    gathered: Candidates,
    policy: WindowPolicy,
    query: str | None,
    summary: ShownSummary | None,
    instructions: Sequence[Instruction] = (),
    manner: Manner = AS_OPENAI,
) -> tuple[LaidOut, Request]:
    """The window as it is sent, all of it within the budget, and the request.

    The plan's `token_count` is the request's; what the request leaves out is dropped in the plan.
    Raises WindowBudgetError.
    """
    instruction_tokens = sum(
        window_cost(tokenizer.count_tokens(each.content)) for each in instructions
    )
    budget, over = policy.max_tokens - instruction_tokens, 0
    gathered, attached = newest_attached(
        gathered, replace(policy, max_tokens=budget), settings.LLM_PICTURES_MAX
    )
    for _ in range(_WRITINGS):
        budget -= over
        try:
            laid_out = window_laid_out(gathered, replace(policy, max_tokens=budget), query, summary)
        except WindowBudgetError as error:
            # What is asked for is missing, whatever an attempt was planned for.
            short = error.needed - error.available
            most = policy.max_tokens
            raise WindowBudgetError(needed=most + short, available=most) from error
        laid_out = replace(laid_out, attached=attached)
        request = writing.write(laid_out, instructions, manner)
        spent = writing.cost(request, laid_out.messages)
        over = spent - policy.max_tokens
        # A plan over its own budget is a mistake, which planning again would not mend: the audit
        # finds it.
        if over <= 0 or laid_out.plan.token_count > budget:
            plan = replace(laid_out.plan, token_count=spent, max_tokens=policy.max_tokens)
            return writing.without_left_out(replace(laid_out, plan=plan), request), request
    raise WindowBudgetError(needed=policy.max_tokens + over, available=policy.max_tokens)


def window_laid_out(
    gathered: Candidates, policy: WindowPolicy, query: str | None, summary: ShownSummary | None
) -> LaidOut:
    """Plan a window; under STABLE_PREFIX the recalled messages become one quotation.

    Falls back to the conversation's order where the quotation does not fit the budget. What must
    be in the window is cut where it would not fit.
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
    gathered: Candidates,
    summary: ShownSummary | None,
    recalled: Recalled | None,
    cut: Mapping[int, str],
) -> LaidOut:
    kept = set(plan.kept_seqs)
    messages = [message for message in gathered.messages if message.seq in kept]
    return LaidOut(plan, messages, summary, recalled, cut, gathered.offered)


def window_plan(
    gathered: Candidates, policy: WindowPolicy, query: str | None, summary: ShownSummary | None
) -> tuple[WindowPlan, ShownSummary | None]:
    """Plan with the tokens that the summary leaves; without the summary where those are too few."""
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
    """The policy of a window: the session's own, with the caller's budget and strategy."""
    own = session.context_policy
    on_shift = own.on_topic_shift
    topic = session.topic
    least = {
        OnTopicShift.RESET: settings.TOPIC_RESET_THRESHOLD,
        OnTopicShift.ADJUST: settings.TOPIC_ADJUST_THRESHOLD,
    }
    start = (
        topic.began(least=least[on_shift], until=session.message_count)
        if topic and on_shift in least
        else None
    )
    if on_shift is OnTopicShift.RESET and topic and start is not None and start <= topic.undone:
        # The reset by this shift was undone: the shift still lowers the priority of what is older.
        on_shift = OnTopicShift.ADJUST
    return WindowPolicy(
        max_tokens=max_tokens or own.max_tokens,
        strategy=strategy or own.strategy,
        max_messages=own.max_messages,
        on_topic_shift=on_shift,
        topic_start=start,
        context_start=session.context_start,
        layout=Layout(settings.CONTEXT_LAYOUT),
        answering=True,
    )
