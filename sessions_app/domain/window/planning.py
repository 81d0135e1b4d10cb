"""Decides which messages the model sees within a token budget, with a reason for each.

`plan_window` is pure. It promises for any input: the kept messages cost no more than the budget;
the system prompt and the newest user message are kept, or it raises; a tool call and its results
are kept or dropped together; messages keep their order; every candidate is in the plan with a
reason.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sessions_app.domain.candidate import Ranking, WindowMessage
from sessions_app.domain.data import OnTopicShift, Strategy
from sessions_app.domain.relevance import rank
from sessions_app.domain.window.cuts import stable_start, stable_start_before
from sessions_app.domain.window.data import (
    MIN_BUDGET,
    Layout,
    PlannedMessage,
    Reason,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
)
from sessions_app.domain.window.filling import Filling
from sessions_app.domain.window.units import Unit, calls_with_results, group_units

__all__ = [
    "MIN_BUDGET",
    "RECENT_SHARE",
    "STABLE_SHARE",
    "Layout",
    "OnTopicShift",
    "PlannedMessage",
    "Ranking",
    "Reason",
    "Strategy",
    "WindowBudgetError",
    "WindowMessage",
    "WindowPlan",
    "WindowPolicy",
    "must_hold",
    "plan_window",
]

# The share of the budget that stays with the newest messages, however relevant older ones are.
RECENT_SHARE = 0.25

# The most that the newest messages take where a stable prefix matters more than recall.
STABLE_SHARE = 0.6

# How much nearer the current topic's messages count under `hybrid` when a topic shift adjusts the
# window, in the standard scores of `relevance`.
CURRENT_TOPIC_BONUS = 0.5


def plan_window(
    messages: Sequence[WindowMessage],
    policy: WindowPolicy,
    *,
    query: str | None = None,
    query_vector: NDArray[np.float32] | None = None,
) -> WindowPlan:
    """Plan the window over the candidates, which may come in any order and with gaps in `seq`.

    Older messages are ranked for `query`, or for the newest user message where it is None or
    empty; `query_vector` is the unit vector of `relevance.query_text(query, messages)`.

    Raises WindowBudgetError when the system prompt and the newest user message alone do not fit.
    """
    filling = Filling(sorted(messages, key=lambda message: message.seq), policy)
    _pin(filling)
    # These need no scores, and so no vectors.
    if policy.strategy in (Strategy.RECENT, Strategy.TOPIC):
        _fill_with_newest(filling, at_topics=policy.strategy == Strategy.TOPIC)
        return filling.plan(Ranking.NONE)
    return filling.plan(_fill_with_relevant(filling, query, query_vector))


def _pin(filling: Filling) -> None:
    """Keep the system prompt and the newest user message, and find the units that compete."""
    eligible = _eligible(filling)
    users = [index for index in eligible if filling.messages[index].role == "user"]
    filling.newest_user = users[-1] if users else None
    if filling.policy.on_topic_shift == OnTopicShift.RESET:
        eligible = _current_topic_only(filling, eligible)
    answering = filling.policy.answering
    filling.units, refused = group_units(filling.messages, eligible, unanswered=answering)
    for index, reason in refused.items():
        filling.drop([index], reason)
    needed = filling.used + sum(unit.cost for unit, _ in _pinned(filling))
    if needed > filling.policy.max_tokens:
        raise WindowBudgetError(needed=needed, available=filling.policy.max_tokens)
    for unit, reason in _pinned(filling):
        filling.keep(unit, reason)


def _pinned(filling: Filling) -> list[tuple[Unit, Reason]]:
    """What is always in the window: the newest user message, and what is to be answered."""
    units = filling.units
    pinned = [(unit, Reason.NEWEST_USER) for unit in units if unit.first == filling.newest_user]
    if filling.policy.answering and units:
        newest = max(units, key=lambda unit: unit.last)
        if filling.messages[newest.last].role == "tool":
            pinned.append((newest, Reason.TO_BE_ANSWERED))
    return pinned


def must_hold(
    messages: Sequence[WindowMessage], policy: WindowPolicy
) -> tuple[int, list[WindowMessage]]:
    """The tokens of the system prompt, and the messages that a window must hold beside it."""
    unbounded = replace(policy, max_tokens=sys.maxsize)
    filling = Filling(sorted(messages, key=lambda message: message.seq), unbounded)
    _pin(filling)
    indexes = sorted(index for unit, _ in _pinned(filling) for index in unit.indexes)
    required = [filling.messages[index] for index in indexes]
    return filling.used - sum(message.cost for message in required), required


def _eligible(filling: Filling) -> list[int]:
    # Only the beginning of the session can hold its prompt.
    opening = True
    eligible: list[int] = []
    for index, message in enumerate(filling.messages):
        # A system message is part of the prompt only in the unbroken run from the first seq.
        opening = opening and message.seq == index + 1
        if message.deleted:
            filling.drop([index], Reason.DELETED)
        elif message.superseded:
            filling.drop([index], Reason.SUPERSEDED)
        elif message.silent:
            opening = False
            filling.drop([index], Reason.NOTHING_TO_SEND)
        elif opening and message.role == "system":
            filling.keep_prompt(index)
        else:
            opening = False
            if message.seq < filling.policy.context_start:
                filling.drop([index], Reason.BEFORE_RESET)
            else:
                eligible.append(index)
    return eligible


def _current_topic_only(filling: Filling, eligible: list[int]) -> list[int]:
    messages = filling.messages
    current = _current_topic(filling)
    if current is None:
        return eligible
    # Messages that are not judged yet count as the current topic.
    start = len(eligible)
    while start and _is_current(filling, messages[eligible[start - 1]], current):
        start -= 1
    # A call whose results reach into the current topic belongs to it, as they cannot be parted.
    calls, _ = calls_with_results(messages, eligible)
    current_pairs = {
        index for pair in calls.values() if {*pair} & {*eligible[start:]} for index in pair
    }
    previous = [
        index
        for index in eligible[:start]
        if index != filling.newest_user and index not in current_pairs
    ]
    filling.drop(previous, Reason.PREVIOUS_TOPIC)
    return [index for index in eligible if index not in filling.fate]


def _is_current(filling: Filling, message: WindowMessage, current: int | None) -> bool:
    """Whether a message belongs to the current topic; one without a topic does."""
    start = filling.policy.topic_start
    if start is not None:
        return message.seq >= start or message.topic is None
    return message.topic in (current, None)


def _current_topic(filling: Filling) -> int | None:
    return next((m.topic for m in reversed(filling.messages) if m.topic is not None), None)


def _fill_with_newest(filling: Filling, *, at_topics: bool) -> None:
    """Keep the newest messages, from a start that stays put for several turns."""
    units, messages = filling.units, filling.messages
    current = _current_topic(filling)
    earliest, limit = _earliest_that_fits(filling)
    start = stable_start(messages, units, earliest, at_topics=at_topics)
    for at in reversed(filling.undecided()):
        unit = units[at]
        if at < start:
            filling.drop(unit.indexes, Reason.STABLE_CUT if at >= earliest else limit)
            continue
        obstacle = filling.obstacle(unit)
        if obstacle is not None:
            filling.drop(unit.indexes, obstacle)
            continue
        same = at_topics and current is not None and messages[unit.first].topic == current
        filling.keep(unit, Reason.CURRENT_TOPIC if same else Reason.RECENT)


def _earliest_that_fits(filling: Filling) -> tuple[int, Reason]:
    """The first index into `units` from which everything fits, and what keeps out the unit before.

    A unit larger than the whole room is passed over, so that it does not keep older ones out.
    """
    room = filling.policy.max_tokens - filling.used
    tokens_left = room
    limit = filling.policy.max_messages
    messages_left = len(filling.messages) if limit is None else limit - filling.count
    earliest = len(filling.units)
    for at in reversed(range(len(filling.units))):
        unit = filling.units[at]
        if unit.first not in filling.fate and unit.cost <= room:
            tokens_left -= unit.cost
            messages_left -= len(unit.indexes)
            if tokens_left < 0:
                return earliest, Reason.OVER_BUDGET
            if messages_left < 0:
                return earliest, Reason.OVER_MAX_MESSAGES
        earliest = at
    return earliest, Reason.OVER_BUDGET


def _fill_with_relevant(
    filling: Filling, query: str | None, query_vector: NDArray[np.float32] | None
) -> Ranking:
    """Keep the newest messages up to their share, then those nearest to the query."""
    room = filling.policy.max_tokens - filling.used
    _keep_recent_share(filling)
    waiting = filling.undecided()
    if not waiting:
        return Ranking.NONE
    asked_by = None if query else filling.newest_user
    if asked_by is not None:
        query = filling.messages[asked_by].content
    relevance = rank(filling.messages, query or "", query_vector, asked_by=asked_by)
    scores = (relevance.scores + _topic_bonus(filling)).tolist()
    units = [filling.units[at] for at in waiting]
    best = [max([scores[index] for index in unit.indexes]) for unit in units]
    # Equal scores fall back on recency, which decides alone where nothing could be ranked.
    order = sorted(zip(best, range(len(units)), strict=True), reverse=True)
    ranked = relevance.ranking is not Ranking.NONE
    for unit in (units[at] for _, at in order):
        obstacle = filling.obstacle(unit)
        if obstacle is None:
            filling.keep(unit, Reason.RELEVANT if ranked else Reason.RECENT)
        elif ranked and unit.cost <= room and obstacle is Reason.OVER_BUDGET:
            filling.drop(unit.indexes, Reason.LESS_RELEVANT)
        else:
            filling.drop(unit.indexes, obstacle)
    return relevance.ranking


def _keep_recent_share(filling: Filling) -> None:
    """Keep the newest units up to a quarter of whichever limit binds first; all if all fit."""
    policy, units = filling.policy, filling.units
    room = policy.max_tokens - filling.used
    limit = len(filling.messages) if policy.max_messages is None else policy.max_messages
    waiting = [units[at] for at in filling.undecided()]
    in_all = filling.count + sum(len(unit.indexes) for unit in waiting)
    all_fit = sum(unit.cost for unit in waiting) <= room and in_all <= limit
    spent = count = 0
    for at in reversed(range(len(units))):
        enough = spent >= policy.max_tokens * RECENT_SHARE or count >= limit * RECENT_SHARE
        if enough and not all_fit:
            _keep_as_before(filling, at + 1)
            return
        unit = units[at]
        if unit.first not in filling.fate:
            # A message larger than the whole room must not keep older ones out.
            if unit.cost > room:
                continue
            if filling.obstacle(unit) is not None:
                return
            filling.keep(unit, Reason.RECENT)
        spent += unit.cost
        count += len(unit.indexes)


def _keep_as_before(filling: Filling, latest: int) -> None:
    """Under STABLE_PREFIX, let the newest messages begin where they began in the last turns."""
    if filling.policy.layout is not Layout.STABLE_PREFIX:
        return
    room = int(filling.policy.max_tokens * (STABLE_SHARE - RECENT_SHARE))
    start = stable_start_before(filling.messages, filling.units, latest, room=room)
    for at in reversed(range(start, latest)):
        unit = filling.units[at]
        if unit.first in filling.fate:
            continue
        if filling.obstacle(unit) is not None:
            return
        filling.keep(unit, Reason.RECENT)


def _topic_bonus(filling: Filling) -> NDArray[np.float32]:
    policy, current = filling.policy, _current_topic(filling)
    bonus = np.zeros(len(filling.messages), np.float32)
    if (
        policy.strategy == Strategy.HYBRID
        and policy.on_topic_shift == OnTopicShift.ADJUST
        and current is not None
    ):
        bonus[
            [
                message.topic is not None and _is_current(filling, message, current)
                for message in filling.messages
            ]
        ] = CURRENT_TOPIC_BONUS
    return bonus
