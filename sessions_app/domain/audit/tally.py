"""The totals of a window audit: what was trimmed and why, and which promises were broken."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sessions_app.domain.audit.windows import Breach, Promise, StoredFacts
from sessions_app.domain.data import Strategy
from sessions_app.domain.texts.tokens import window_cost
from sessions_app.domain.window import Reason, WindowPlan

# The reason for messages that were no candidates: they are too far back.
NOT_A_CANDIDATE = "not_a_candidate"

# The reason for messages whose system prompt and newest user message exceed the budget.
NO_WINDOW = "no_window"

# Breaches that are listed; further ones are only counted.
FINDINGS_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class AuditedSession:
    """A session's facts, its plan under each strategy (None: refused), and its breaches.

    `replayed` is the session's own strategy. `has_vectors` says whether its first block, and so
    the session, has vectors.
    """

    session_id: str
    facts: StoredFacts
    replayed: Strategy
    plans: Mapping[Strategy, WindowPlan | None]
    breaches: Sequence[Breach]
    has_vectors: bool


@dataclass(slots=True)
class Amount:
    """A number of messages and their tokens, with what the chat format adds."""

    messages: int = 0
    tokens: int = 0

    def add(self, messages: int, tokens: int) -> None:
        """Add `messages` messages of `tokens` tokens together."""
        self.messages += messages
        self.tokens += tokens

    def as_json(self) -> dict[str, int]:
        """The same as JSON values."""
        return {"messages": self.messages, "tokens": self.tokens}


@dataclass(slots=True)
class Tally:
    """The running totals of an audit."""

    sessions: int = 0
    with_vectors: int = 0
    trimmed_sessions: int = 0
    stored: Amount = field(default_factory=Amount)
    kept: dict[Strategy, Amount] = field(
        default_factory=lambda: {strategy: Amount() for strategy in Strategy}
    )
    refused: int = 0
    trimmed: dict[str, Amount] = field(default_factory=dict)
    rankings: Counter[str] = field(default_factory=Counter)
    broken: Counter[Promise] = field(default_factory=Counter)
    findings: list[dict[str, Any]] = field(default_factory=list)

    def add(self, audited: AuditedSession) -> list[dict[str, Any]]:
        """Add one session; returns its breaches as findings, as far as they are listed."""
        facts = audited.facts
        self.sessions += 1
        self.with_vectors += audited.has_vectors
        self.stored.add(facts.messages, facts.tokens)
        for strategy, plan in audited.plans.items():
            if plan is not None:
                self.kept[strategy].add(plan.kept_count, plan.token_count)
        self._add_replayed(audited)
        self.broken.update(breach.promise for breach in audited.breaches)
        # Bounded, since a fault of the code may break every session.
        room = FINDINGS_KEPT - len(self.findings)
        shown = [_finding(audited.session_id, breach) for breach in audited.breaches[:room]]
        self.findings += shown
        return shown

    def _add_replayed(self, audited: AuditedSession) -> None:
        # A session that could not be read has no plan.
        if audited.replayed not in audited.plans:
            return
        facts, plan = audited.facts, audited.plans[audited.replayed]
        if plan is None:
            self.refused += 1
            self.trimmed_sessions += 1
            self._trim(NO_WINDOW, facts.messages, facts.tokens)
            return
        self.rankings[plan.ranking.value] += 1
        self.trimmed_sessions += plan.kept_count < facts.messages
        tokens = 0
        for message in plan.messages:
            # A tombstone costs nothing, whatever count is stored with it.
            cost = window_cost(message.token_count) if message.reason is not Reason.DELETED else 0
            tokens += cost
            if not message.kept:
                self._trim(message.reason.value, 1, cost)
        # Messages that were no candidates are not in the plan: they are the difference.
        beyond = facts.messages - len(plan.messages)
        if beyond > 0:
            self._trim(NOT_A_CANDIDATE, beyond, max(0, facts.tokens - tokens))

    def _trim(self, reason: str, messages: int, tokens: int) -> None:
        self.trimmed.setdefault(reason, Amount()).add(messages, tokens)

    def counted(self) -> dict[str, Any]:
        """The totals without the findings, to go on with in another run."""
        return {
            "numbers": [self.sessions, self.with_vectors, self.trimmed_sessions, self.refused],
            "stored": self.stored.as_json(),
            "kept": {strategy.value: amount.as_json() for strategy, amount in self.kept.items()},
            "trimmed": {reason: amount.as_json() for reason, amount in self.trimmed.items()},
            "rankings": dict(self.rankings),
            "broken": {promise.value: number for promise, number in self.broken.items()},
        }

    @classmethod
    def going_on(cls, counted: Mapping[str, Any]) -> Tally:
        """A tally that begins with the totals of an earlier run."""
        if not counted:
            return cls()
        sessions, with_vectors, trimmed_sessions, refused = counted["numbers"]
        tally = cls(
            sessions=sessions,
            with_vectors=with_vectors,
            trimmed_sessions=trimmed_sessions,
            refused=refused,
            stored=Amount(**counted["stored"]),
            trimmed={reason: Amount(**amount) for reason, amount in counted["trimmed"].items()},
            rankings=Counter(counted["rankings"]),
            broken=Counter({Promise(name): n for name, n in counted["broken"].items()}),
        )
        tally.kept.update(
            {Strategy(name): Amount(**amount) for name, amount in counted["kept"].items()}
        )
        return tally

    @property
    def well(self) -> bool:
        """Whether no promise was broken."""
        return not self.broken

    def as_json(self) -> dict[str, Any]:
        """All totals as JSON values; every promise with the number of its breaches."""
        by_size = sorted(self.trimmed.items(), key=lambda item: -item[1].messages)
        trimmed = Amount()
        for amount in self.trimmed.values():
            trimmed.add(amount.messages, amount.tokens)
        return {
            "sessions": self.sessions,
            "sessions_with_vectors": self.with_vectors,
            "sessions_trimmed": self.trimmed_sessions,
            "sessions_without_window": self.refused,
            "stored": self.stored.as_json(),
            "trimmed": trimmed.as_json()
            | {"reasons": {reason: amount.as_json() for reason, amount in by_size}},
            "strategies": {
                strategy.value: amount.as_json()
                | {
                    "message_share": _share(amount.messages, self.stored.messages),
                    "token_share": _share(amount.tokens, self.stored.tokens),
                }
                for strategy, amount in self.kept.items()
            },
            "rankings": dict(self.rankings),
            "broken": {promise.value: self.broken[promise] for promise in Promise},
            "findings": self.findings,
            "findings_left_out": self.broken.total() - len(self.findings),
        }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def _finding(session_id: str, breach: Breach) -> dict[str, Any]:
    return {
        "session_id": session_id,
        "seq": breach.seq,
        "promise": breach.promise.value,
        "strategy": breach.strategy.value if breach.strategy else None,
        "detail": breach.detail,
    }
