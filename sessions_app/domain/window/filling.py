"""The state of a plan while it is made: the decisions so far, and the room that is left."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sessions_app.domain.candidate import Ranking, WindowMessage
from sessions_app.domain.window.data import PlannedMessage, Reason, WindowPlan, WindowPolicy
from sessions_app.domain.window.units import Unit


@dataclass(slots=True)
class Filling:
    """Candidates in conversation order, the units that compete, and the decisions so far (`fate`).

    `used` counts all kept tokens, `count` the kept messages that are not system prompts.
    """

    messages: list[WindowMessage]
    policy: WindowPolicy
    units: list[Unit] = field(default_factory=list)
    newest_user: int | None = None
    fate: dict[int, tuple[bool, Reason]] = field(default_factory=dict)
    used: int = 0
    count: int = 0

    def obstacle(self, unit: Unit) -> Reason | None:
        """The reason that keeps a unit out: the budget or the number of messages; None for none."""
        if self.used + unit.cost > self.policy.max_tokens:
            return Reason.OVER_BUDGET
        limit = self.policy.max_messages
        # A call with its results counts as all of its messages.
        if limit is not None and self.count + len(unit.indexes) > limit:
            return Reason.OVER_MAX_MESSAGES
        return None

    def keep(self, unit: Unit, reason: Reason) -> None:
        """Keep a unit."""
        for index in unit.indexes:
            self.fate[index] = (True, reason)
        self.used += unit.cost
        self.count += len(unit.indexes)

    def keep_prompt(self, index: int) -> None:
        """Keep a system prompt: it costs tokens, and does not count toward `max_messages`."""
        self.fate[index] = (True, Reason.SYSTEM_PROMPT)
        self.used += self.messages[index].cost

    def drop(self, indexes: Iterable[int], reason: Reason) -> None:
        """Drop these candidates."""
        for index in indexes:
            self.fate[index] = (False, reason)

    def undecided(self) -> list[int]:
        """The indexes into `units` that still compete, in conversation order."""
        fate = self.fate
        return [at for at, unit in enumerate(self.units) if unit.indexes[0] not in fate]

    def plan(self, ranking: Ranking) -> WindowPlan:
        """The finished plan; every candidate must have been kept or dropped."""
        planned = tuple(
            PlannedMessage(m.seq, m.role, m.token_count, m.topic, *self.fate[index])
            for index, m in enumerate(self.messages)
        )
        policy = self.policy
        return WindowPlan(planned, self.used, policy.max_tokens, policy.strategy, ranking)
