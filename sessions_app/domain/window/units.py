"""What may not be parted: a tool call and all of its results are one unit of the window.

Providers refuse a conversation that holds a call without its results, or a result without its
call (OpenAI: "An assistant message with 'tool_calls' must be followed by tool messages").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sessions_app.domain.candidate import WindowMessage
from sessions_app.domain.tokens import window_cost
from sessions_app.domain.window.data import Reason


class Unit(NamedTuple):
    """Messages that are kept or dropped together; one, but for tool calls. `index` is into the
    candidates."""

    indexes: tuple[int, ...]
    cost: int

    @property
    def first(self) -> int:
        """Index of its first message, which gives the unit its place."""
        return self.indexes[0]

    @property
    def last(self) -> int:
        """Index of its last message."""
        return self.indexes[-1]


def group_units(
    messages: Sequence[WindowMessage], eligible: Sequence[int], *, unanswered: bool = False
) -> tuple[list[Unit], dict[int, Reason]]:
    """Group the eligible candidates (indexes, ascending) into units, in conversation order.

    Also gives the reason for each candidate that can be in no window: a result without its call,
    and a call some of whose results are missing, together with the results it has. A call at the
    newest end, with nothing but its own results after it, still waits for the others: it is a
    unit as it stands, and with `unanswered` so is every other.
    """
    groups, orphans = _calls_with_results(messages, eligible)
    dropped = dict.fromkeys(orphans, Reason.ORPHANED_RESULT)
    newest = eligible[-1] if eligible else -1
    for call, members in groups.items():
        answered = {messages[index].tool_call_id for index in members[1:]}
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


def _calls_with_results(
    messages: Sequence[WindowMessage], eligible: Sequence[int]
) -> tuple[dict[int, list[int]], list[int]]:
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
