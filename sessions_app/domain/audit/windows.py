"""Checks whether a planned window keeps its promises, against the stored messages.

It uses nothing of the planner: a check that shared its code would share its mistakes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise

from sessions_app.domain.audit.sent import Messages, complaints, tokens_sent
from sessions_app.domain.data import Message, Role, Strategy
from sessions_app.domain.dialect import LEAST_TOKENS
from sessions_app.domain.drafts import message_tokens
from sessions_app.domain.texts.tokens import TokenCounter, window_cost
from sessions_app.domain.window import Reason, WindowMessage, WindowPlan, WindowPolicy


class Promise(StrEnum):
    """What holds for every window and every stored count; the value names the breach."""

    BUDGET = "window_over_budget"
    MAX_MESSAGES = "window_over_max_messages"
    TOOL_PAIR = "split_tool_pair"
    MISCOUNT = "wrong_token_count"
    WINDOW_COUNT = "wrong_window_count"
    SYSTEM_PROMPT = "system_prompt_missing"
    NEWEST_USER = "newest_user_message_missing"
    ORDER = "order_broken"
    REASON = "message_without_reason"
    HIDDEN = "hidden_message_shown"
    REFUSAL = "refused_without_cause"
    PLAN = "cannot_be_planned"
    ACCEPTED = "request_would_be_refused"


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken promise, the seq and the detail. `strategy` is None for a fault of stored data."""

    promise: Promise
    seq: int | None
    detail: str
    strategy: Strategy | None = None


@dataclass(slots=True)
class StoredFacts:
    """The facts that a session's windows are checked against, from all of its messages.

    `tokens` is the cost of all messages in a window, `prompt` holds the seqs of the system prompt,
    `newest_user` is the seq of the newest user message that a window may show.
    """

    messages: int = 0
    tokens: int = 0
    prompt: list[int] = field(default_factory=list)
    prompt_tokens: int = 0
    newest_user: int | None = None
    newest_user_tokens: int = 0
    ends_with_result: bool = False
    breaches: list[Breach] = field(default_factory=list)


def read_facts(
    messages: Iterable[Message], count: TokenCounter, *, context_start: int
) -> StoredFacts:
    """Read a session's messages once, oldest first, and count the tokens of each again."""
    facts = StoredFacts()
    opening = True
    for message in messages:
        facts.messages += 1
        counted = _counted(message, count)
        if counted != message.token_count:
            detail = f"says {message.token_count}, holds {counted}"
            facts.breaches.append(Breach(Promise.MISCOUNT, message.seq, detail))
        # An item without text is no prompt, and ends it.
        opening = opening and not message.is_silent
        if message.deleted or message.superseded_by or message.is_silent:
            continue
        cost = window_cost(message.token_count)
        facts.tokens += cost
        facts.ends_with_result = message.role is Role.TOOL
        # Only the unbroken run of system messages at the beginning is the prompt.
        opening = opening and message.role is Role.SYSTEM
        if opening:
            facts.prompt.append(message.seq)
            facts.prompt_tokens += cost
        elif message.role is Role.USER and message.seq >= context_start:
            facts.newest_user, facts.newest_user_tokens = message.seq, cost
    return facts


def _counted(message: Message, count: TokenCounter) -> int:
    if message.deleted:
        return 0
    return message_tokens(
        count,
        message.content,
        name=message.name,
        tool_calls=message.tool_calls or (),
        attached=message.parts,
    )


def check_window(
    facts: StoredFacts,
    policy: WindowPolicy,
    offered: Sequence[WindowMessage],
    plan: WindowPlan,
    sent: Sequence[int],
) -> list[Breach]:
    """The promises that a window breaks; `sent` are the seqs that a model gets, in order."""
    kept_seqs = {message.seq for message in plan.messages if message.kept}
    shown = sorted((m for m in offered if m.seq in kept_seqs), key=lambda message: message.seq)
    breaches = [
        *_limits(facts, policy, shown, plan),
        # A prompt without text may be left out; `_silenced` sees to the rest of those.
        *_missing(facts, kept_seqs | _silent(plan)),
        *_order(offered, plan, kept_seqs, sent),
        *_hidden(facts, policy, shown),
        *_silenced(offered, plan),
        *_split_pairs([m for m in offered if _may_be_shown(m, policy)], kept_seqs, plan, policy),
    ]
    return [Breach(promise, seq, detail, policy.strategy) for promise, seq, detail in breaches]


def check_sent(
    policy: WindowPolicy,
    plan: WindowPlan,
    sent: Messages,
    count: TokenCounter | None,
    *,
    strict: bool,
) -> list[Breach]:
    """Whether what is sent fits the budget, costs what the plan says, and would be accepted.

    `count` is None where what is sent is as stored: that has been counted, or miscounted, there.
    """
    problems: list[tuple[Promise, str]] = []
    cost = plan.token_count if count is None else tokens_sent(sent, count)
    if cost != plan.token_count:
        problems.append((Promise.WINDOW_COUNT, f"says {plan.token_count}, sends {cost}"))
    kept = sum(window_cost(message.token_count) for message in plan.messages if message.kept)
    # A plan that is over the budget by itself is found with its messages.
    if policy.max_tokens < cost and kept <= policy.max_tokens:
        problems.append((Promise.BUDGET, f"{cost} tokens in all, {policy.max_tokens} allowed"))
    problems += [(Promise.ACCEPTED, complaint) for complaint in complaints(sent, strict=strict)]
    return [Breach(promise, None, detail, policy.strategy) for promise, detail in problems]


def check_refusal(facts: StoredFacts, policy: WindowPolicy) -> list[Breach]:
    """A window may be refused only where what must be in it does not fit.

    A question is cut before that; calls with results to be answered may be larger by themselves.
    """
    question = facts.newest_user_tokens
    if policy.answering:
        question = min(question, window_cost(2 * LEAST_TOKENS))
    needed = facts.prompt_tokens + question
    if needed > policy.max_tokens or (policy.answering and facts.ends_with_result):
        return []
    detail = f"{needed} tokens fit {policy.max_tokens}"
    return [Breach(Promise.REFUSAL, facts.newest_user, detail, policy.strategy)]


Breaches = Iterator[tuple[Promise, int | None, str]]


def _limits(
    facts: StoredFacts, policy: WindowPolicy, shown: Sequence[WindowMessage], plan: WindowPlan
) -> Breaches:
    oldest = shown[0].seq if shown else None
    cost = sum(window_cost(message.token_count) for message in shown)
    if cost > policy.max_tokens:
        yield Promise.BUDGET, oldest, f"{cost} tokens, {policy.max_tokens} allowed"
    if cost != plan.token_count:
        yield Promise.WINDOW_COUNT, oldest, f"says {plan.token_count}, holds {cost}"
    # System prompts do not count toward `max_messages`, nor does what is to be answered.
    answered = {m.seq for m in plan.messages if m.reason is Reason.TO_BE_ANSWERED}
    counted = sum(message.seq not in {*facts.prompt, *answered} for message in shown)
    if policy.max_messages is not None and counted > policy.max_messages:
        yield Promise.MAX_MESSAGES, oldest, f"{counted} messages, {policy.max_messages} allowed"


def _missing(facts: StoredFacts, kept_seqs: set[int]) -> Breaches:
    for seq in facts.prompt:
        if seq not in kept_seqs:
            yield Promise.SYSTEM_PROMPT, seq, "not in the window"
    if facts.newest_user is not None and facts.newest_user not in kept_seqs:
        yield Promise.NEWEST_USER, facts.newest_user, "not in the window"


def _order(
    offered: Sequence[WindowMessage], plan: WindowPlan, kept_seqs: set[int], sent: Sequence[int]
) -> Breaches:
    # The model must get the messages in the order of the conversation.
    for before, after in pairwise(sent):
        if after <= before:
            yield Promise.ORDER, after, f"sent after seq {before}"
    # Sent and kept must be the same messages.
    for seq in sorted(kept_seqs ^ set(sent)):
        yield Promise.ORDER, seq, "sent" if seq not in kept_seqs else "kept and not sent"
    planned = [message.seq for message in plan.messages]
    for seq in sorted({message.seq for message in offered} ^ set(planned)):
        yield Promise.REASON, seq, "planned, but no candidate" if seq in planned else "not planned"
    if len(set(planned)) < len(planned):
        yield Promise.REASON, None, "planned twice"


def _hidden(facts: StoredFacts, policy: WindowPolicy, shown: Sequence[WindowMessage]) -> Breaches:
    for message in shown:
        if message.deleted:
            yield Promise.HIDDEN, message.seq, "erased"
        elif message.superseded:
            yield Promise.HIDDEN, message.seq, "superseded"
        elif message.silent:
            yield Promise.HIDDEN, message.seq, "an item without text"
        elif not _may_be_shown(message, policy) and message.seq not in facts.prompt:
            yield Promise.HIDDEN, message.seq, f"before the reset at seq {policy.context_start}"


def _silenced(offered: Sequence[WindowMessage], plan: WindowPlan) -> Breaches:
    """Only replies and instructions without anything in them are left out for that."""
    silenced = _silent(plan)
    for message in offered:
        speaks = message.content.strip() or message.tool_call_ids
        may_be_silent = message.role in {Role.ASSISTANT.value, Role.SYSTEM.value}
        if message.seq in silenced and (speaks or not may_be_silent):
            yield Promise.REASON, message.seq, "left out, and has something to say"


def _silent(plan: WindowPlan) -> set[int]:
    """What is left out since there is nothing in it."""
    return {m.seq for m in plan.messages if m.reason is Reason.NOTHING_TO_SEND}


def _may_be_shown(message: WindowMessage, policy: WindowPolicy) -> bool:
    hidden = message.deleted or message.superseded or message.silent
    return not hidden and message.seq >= policy.context_start


def _split_pairs(
    offered: Sequence[WindowMessage], kept_seqs: set[int], plan: WindowPlan, policy: WindowPolicy
) -> Breaches:
    """Yield results kept without their call, and calls kept without all of their results.

    A call with only its own results after it still waits for the rest. In an `answering` window a
    missing result is written as "(no result)", so that only parted pairs are breaches. A result
    that was left out for want of its call counts as kept: the call is there to be kept with it.
    """
    messages = sorted(offered, key=lambda message: message.seq)
    orphaned = {m.seq for m in plan.messages if m.reason is Reason.ORPHANED_RESULT}
    answers, orphans = _answers(messages)
    for orphan in orphans:
        if orphan.seq in kept_seqs:
            yield Promise.TOOL_PAIR, orphan.seq, "a result without its call"
    for call in (message for message in messages if message.seq in answers):
        results = answers[call.seq]
        for result in results:
            if result.seq in orphaned or (result.seq in kept_seqs and call.seq not in kept_seqs):
                yield Promise.TOOL_PAIR, result.seq, f"a result without its call at {call.seq}"
            elif call.seq in kept_seqs and result.seq not in kept_seqs:
                yield Promise.TOOL_PAIR, call.seq, f"a call without its result at {result.seq}"
        missing = set(call.tool_call_ids) - {result.tool_call_id for result in results}
        # The last messages are this call and its results: the others may still come.
        waiting = messages[-len(results) - 1].seq == call.seq
        if call.seq in kept_seqs and missing and not waiting and not policy.answering:
            yield Promise.TOOL_PAIR, call.seq, "a call without all of its results"


def _answers(
    messages: Sequence[WindowMessage],
) -> tuple[dict[int, list[WindowMessage]], list[WindowMessage]]:
    """The results of each call by the call's seq, and the results without a call."""
    caller: dict[str, int] = {}
    answers: dict[int, list[WindowMessage]] = {}
    orphans: list[WindowMessage] = []
    for message in messages:
        if message.tool_call_ids:
            caller |= dict.fromkeys(message.tool_call_ids, message.seq)
            answers[message.seq] = []
        elif message.role == Role.TOOL:
            call = caller.get(message.tool_call_id or "")
            (orphans if call is None else answers[call]).append(message)
    return answers, orphans
