"""Fits a window into its budget: the plan, what is sent beside its messages, and the request."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from django.conf import settings

from sessions_app import tokenizer
from sessions_app.domain import window
from sessions_app.domain.dialect import AS_OPENAI, Manner, Request
from sessions_app.domain.window import (
    Layout,
    Recalled,
    ShownSummary,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
    plan_window,
)
from sessions_app.services.context import writing
from sessions_app.services.context.attached import newest_attached
from sessions_app.services.context.candidates import Candidates
from sessions_app.services.context.writing import Instruction, LaidOut

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
    budget, over = policy.max_tokens - writing.instruction_cost(instructions), 0
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
