"""Plans a session's context window: the messages of a model call, and the reason for each."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app import tokenizer
from sessions_app.domain import lifecycle, window
from sessions_app.domain.data import Message, OnTopicShift, Session, Strategy
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
from sessions_app.repository import log
from sessions_app.services import topics
from sessions_app.services.context import candidates, summaries
from sessions_app.services.context.candidates import Candidates


@dataclass(frozen=True, slots=True)
class Instruction:
    """A system prompt for one call alone; `role` is `system` or `developer`."""

    role: str
    content: str


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """A planned window: the session, the plan, and the kept messages in order.

    `instructions` follow the system prompt, then the `summary` if there is one. `recalled` is sent
    in place of the messages it quotes. The plan's `token_count` covers everything that is sent.
    """

    session: Session
    plan: WindowPlan
    messages: Sequence[Message]
    summary: ShownSummary | None = None
    recalled: Recalled | None = None
    instructions: Sequence[Instruction] = ()

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The messages of the model call, in the shape of OpenAI's chat completions."""
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
    """Plan the window of a session as it is now; the session is not changed.

    `max_tokens` and `strategy` replace the session's own, `query` the newest user message. `until`
    is the last seq that is considered, None for the newest; the messages in `without` count as
    superseded. Without `tells_topics`, topics are judged only where they can change the window.
    `instructions` take their share of the budget. Raises SessionNotFound, SessionExpired,
    WindowBudgetError.
    """
    newest: list[Message] = []
    if tells_topics:
        session = log.read_header(session_id=session_id, user_id=user_id)
    else:
        session, newest = log.read_newest(
            session_id=session_id, user_id=user_id, limit=_READ_AT_ONCE
        )
    lifecycle.require_readable(session, now=now)
    instruction_cost = sum(
        window_cost(tokenizer.count_tokens(each.content)) for each in instructions
    )
    policy = _less(window_policy(session, max_tokens, strategy), instruction_cost)
    # Everything fits: no topics, vectors or older messages have to be read.
    whole = len(newest) == session.message_count and _keeps_all(session, policy)
    if not whole and _needs_topics(session, policy):
        session = topics.catch_up(
            session_id=session_id, user_id=user_id, seconds=topics.CATCH_UP_SECONDS
        ).session
    if until is not None:
        session = replace(
            session,
            message_count=min(until, session.message_count),
            # The message at `until` is shown even where a reset has hidden it.
            context_start=min(session.context_start, until),
        )
    # Again, since judging topics and `until` may have changed what the policy depends on.
    policy = _less(window_policy(session, max_tokens, strategy), instruction_cost)
    if whole:
        gathered = candidates.unranked(m for m in newest if m.seq <= session.message_count)
    else:
        gathered = candidates.gather(session, policy, query)
    if without:
        gathered = candidates.superseding(gathered, without)
    summary = summaries.summary_shown(session=session, max_tokens=policy.max_tokens)
    try:
        plan, summary, recalled = window_laid_out(gathered, policy, query, summary)
    except WindowBudgetError as error:
        raise WindowBudgetError(
            needed=error.needed + instruction_cost, available=error.available + instruction_cost
        ) from error
    if instruction_cost:
        plan = replace(
            plan,
            token_count=plan.token_count + instruction_cost,
            max_tokens=plan.max_tokens + instruction_cost,
        )
    kept_seqs = set(plan.kept_seqs)
    messages = [message for message in gathered.messages if message.seq in kept_seqs]
    return ContextWindow(session, plan, messages, summary, recalled, instructions)


def _less(policy: WindowPolicy, tokens: int) -> WindowPolicy:
    return replace(policy, max_tokens=policy.max_tokens - tokens) if tokens else policy


# A session up to this long is read together with its header, in one round trip.
_READ_AT_ONCE = 128
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


# Attempts to fit the quotation: each plans with the budget of the one before, less the tokens by
# which that one was over.
_QUOTATIONS = 4


def window_laid_out(
    gathered: Candidates, policy: WindowPolicy, query: str | None, summary: ShownSummary | None
) -> tuple[WindowPlan, ShownSummary | None, Recalled | None]:
    """Plan a window; under STABLE_PREFIX the recalled messages become one quotation.

    Falls back to the conversation's order where the quotation does not fit the budget.
    """
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
    if on_shift is OnTopicShift.RESET and topic and topic.start_seq <= topic.undone:
        # The reset by this shift was undone: the shift still lowers the priority of what is older.
        on_shift = OnTopicShift.ADJUST
    return WindowPolicy(
        max_tokens=max_tokens or own.max_tokens,
        strategy=strategy or own.strategy,
        max_messages=own.max_messages,
        on_topic_shift=on_shift,
        context_start=session.context_start,
        layout=Layout(settings.CONTEXT_LAYOUT),
    )
