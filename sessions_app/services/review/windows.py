"""What the model saw at a message: the window planned again as of then.

Derived from what is stored: messages are never changed, and a reset leaves the `seq` where it
began. What is not stored is said: the policy may have been another, a reset that was undone leaves
no trace, and of a summary there is only the newest.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from sessions_app.domain.data import Message, Role, Session, Strategy
from sessions_app.domain.errors import MessageNotFound
from sessions_app.domain.turns import Seen
from sessions_app.domain.window import Reason, WindowBudgetError, WindowPlan, WindowPolicy
from sessions_app.repository import annotations, log, turns
from sessions_app.services import context, topics
from sessions_app.services.context import Gathered

# Of the newest messages, for the strategies that look at nothing else.
_NEWEST = 2_000


class Fate(NamedTuple):
    """Whether a message was in a window, and why; the reason may not be known."""

    kept: bool
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class SeenWindow:
    """A window as of the message `upto`, the newest in it; `asked` is the message it was asked for.

    `record` is what the model call was really sent; without one it is `plan`, planned again.
    `refusal` says why there is no plan.
    """

    asked: int
    upto: int
    policy: WindowPolicy
    plan: WindowPlan | None
    refusal: str = ""
    record: Seen | None = None

    @property
    def fates(self) -> dict[int, Fate]:
        """What became of each message up to then, as far as is known, by `seq`.

        Where a call is on record, that says what was kept; why, is the plan's word, and only where
        the two agree.
        """
        planned = {message.seq: message for message in self.plan.messages} if self.plan else {}
        if self.record is None:
            return {seq: Fate(each.kept, each.reason) for seq, each in planned.items()}
        kept = {seq for first, last in self.record.seqs for seq in range(first, last + 1)}
        found: dict[int, Fate] = {}
        for seq in kept | planned.keys():
            each = planned.get(seq)
            agree = each is not None and each.kept == (seq in kept)
            found[seq] = Fate(seq in kept, each.reason if agree and each else None)
        return found


def window_at(*, session: Session, seq: int) -> SeenWindow:
    """The window at a message: up to it, or for a reply, what it replied to.

    Raises MessageNotFound.
    """
    message = _one(session, seq)
    upto = seq
    if message.generation is not None:
        upto = message.generation.reply_to
    elif message.role is Role.ASSISTANT and seq > 1:
        upto = seq - 1
    then = as_of(session, upto)
    policy = context.window_policy(then, None, None)
    record = _record(session, message, upto)
    gathered = _gather(then, policy)
    try:
        laid_out, _ = context.window_written(gathered, policy, None, None)
    except WindowBudgetError as error:
        return SeenWindow(seq, upto, policy, None, refusal=error.detail, record=record)
    return SeenWindow(seq, upto, policy, laid_out.plan, record=record)


def as_of(session: Session, seq: int) -> Session:
    """The session when `seq` was its newest message: its length, and the reset in force then."""
    starts = [start for start in (*session.context_resets, session.context_start) if start <= seq]
    return replace(session, message_count=seq, context_start=max(starts, default=1))


def _record(session: Session, message: Message, upto: int) -> Seen | None:
    """What the call that answered the message `upto` was sent, where there was one."""
    if message.generation is not None:
        turn = turns.records.read([(session.session_id, message.generation.turn_id)])
        return next((each.seen for each in turn.values()), None)
    asked = message if message.seq == upto else _one(session, upto)
    found = turns.records.about(session_id=session.session_id, moment=asked.timestamp)
    answers = [turn.seen for turn in found if turn.user_seq == upto and turn.seen is not None]
    return answers[-1] if answers else None


def _one(session: Session, seq: int) -> Message:
    _, found = log.read_range(
        session_id=session.session_id, user_id=session.user_id, first=seq, last=seq
    )
    if not found:
        raise MessageNotFound
    return found[0]


def _gather(then: Session, policy: WindowPolicy) -> Gathered:
    if policy.strategy not in {Strategy.RECENT, Strategy.TOPIC}:
        return context.gather(then, policy, None)
    first = max(1, then.message_count - _NEWEST + 1)
    _, newest = log.read_range(
        session_id=then.session_id,
        user_id=then.user_id,
        first=first,
        last=then.message_count,
    )
    opening = [] if first == 1 else log.read_opening(then)
    known = annotations.with_topics(then, [*(m for m in opening if m.seq < first), *newest])
    return Gathered(known, [topics.window_message(message) for message in known], None)
