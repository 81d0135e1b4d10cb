"""Units of the window: a tool call and all of its results are kept or dropped together.

Providers refuse a conversation that holds a call without its results, or a result without its
call (OpenAI: "An assistant message with 'tool_calls' must be followed by tool messages").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sessions_app.domain.candidate import WindowMessage
from sessions_app.domain.texts.tokens import window_cost
from sessions_app.domain.window.data import Reason


class Unit(NamedTuple):
    """Messages that are kept or dropped together: one message, or a tool call with its results.

    `indexes` point into the candidates.
    """

    indexes: tuple[int, ...]
    cost: int

    @property
    def first(self) -> int:
        """Index of its first message, which is the unit's position in the conversation."""
        return self.indexes[0]

    @property
    def last(self) -> int:
        """Index of its last message."""
        return self.indexes[-1]


def group_units(
    messages: Sequence[WindowMessage], eligible: Sequence[int], *, unanswered: bool = False
) -> tuple[list[Unit], dict[int, Reason]]:
    """Group the eligible candidates (indexes, ascending) into units, in conversation order.

    Also returns the reason for each candidate that no window can hold: a result without its call,
    and a call with missing results, together with the results it has. A call at the very end, with
    only its own results after it, still waits for the others, so it is a unit. With `unanswered`,
    so is every other.
    """
    groups, orphans = calls_with_results(messages, eligible)
    dropped = dict.fromkeys(orphans, Reason.ORPHANED_RESULT)
    newest = eligible[-1] if eligible else -1
    for call, members in groups.items():
        answered = {messages[index].tool_call_id for index in members[1:]}
        # The client may append the other results one by one.
        pending = members[-1] == newest and len(members) == newest - call + 1
        if not (pending or unanswered) and not answered.issuperset(messages[call].tool_call_ids):
            dropped.update(dict.fromkeys(members, Reason.UNANSWERED_CALL))
    in_group = {index for members in groups.values() for index in members[1:]}
    units = [
        _unit(messages, groups[index])
        if index in groups
        else Unit((index,), window_cost(messages[index].token_count))
        for index in eligible
        if index not in dropped and index not in in_group
    ]
    return units, dropped


def calls_with_results(
    messages: Sequence[WindowMessage], eligible: Sequence[int]
) -> tuple[dict[int, list[int]], list[int]]:
    """Each call's index with those of itself and its results, and the results without a call."""
    groups: dict[int, list[int]] = {}
    orphans: list[int] = []
    caller: dict[str, int] = {}
    for index in eligible:
        message = messages[index]
        if message.tool_call_ids:
            groups[index] = [index]
            caller.update(dict.fromkeys(message.tool_call_ids, index))
        elif message.role == "tool":
            call = caller.get(message.tool_call_id or "")
            if call is None:
                orphans.append(index)
            else:
                groups[call].append(index)
    return groups, orphans


def _unit(messages: Sequence[WindowMessage], indexes: list[int]) -> Unit:
    return Unit(tuple(indexes), sum(messages[index].cost for index in indexes))
