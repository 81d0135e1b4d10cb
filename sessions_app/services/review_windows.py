"""What the model saw at a message: the window planned again as of then.

Derived from what is stored: messages are never changed, and a reset leaves the `seq` where it
began. What is not stored is said: the policy may have been another, a reset that was undone leaves
no trace, and of a summary there is only the newest.
"""

from dataclasses import dataclass, replace

from sessions_app.domain.data import Message, Role, Session, Strategy
from sessions_app.domain.errors import MessageNotFound
from sessions_app.domain.window import (
    PlannedMessage,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
    plan_window,
)
from sessions_app.repository import pages
from sessions_app.services import annotations, candidates, context, topics
from sessions_app.services.candidates import Gathered

# Of the newest messages, for the strategies that look at nothing else.
_NEWEST = 2_000


@dataclass(frozen=True, slots=True)
class SeenWindow:
    """A window as of the message `upto`, the newest in it; `asked` is the message it was asked for.

    `recorded`: it is what a model call was sent, by its record; otherwise it is planned again.
    `refusal` says why there is no plan.
    """

    asked: int
    upto: int
    policy: WindowPolicy
    plan: WindowPlan | None
    refusal: str = ""
    recorded: bool = False

    @property
    def fates(self) -> dict[int, PlannedMessage]:
        """What became of each candidate, by `seq`."""
        return {message.seq: message for message in self.plan.messages} if self.plan else {}


def window_at(*, session: Session, seq: int) -> SeenWindow:
    """The window at a message: up to it, or for a reply, what it replied to.

    Raises MessageNotFound.
    """
    if not 1 <= seq <= session.message_count:
        raise MessageNotFound
    upto = seq - 1 if seq > 1 and _one(session, seq).role is Role.ASSISTANT else seq
    then = as_of(session, upto)
    policy = context.window_policy(then, None, None)
    gathered = _gather(then, policy)
    try:
        plan = plan_window(gathered.offered, policy, query=None, query_vector=gathered.query_vector)
    except WindowBudgetError as error:
        return SeenWindow(seq, upto, policy, None, refusal=error.detail)
    return SeenWindow(seq, upto, policy, plan)


def as_of(session: Session, seq: int) -> Session:
    """The session when `seq` was its newest message: its length, and the reset in force then."""
    starts = [start for start in (*session.context_resets, session.context_start) if start <= seq]
    return replace(session, message_count=seq, context_start=max(starts, default=1))


def _one(session: Session, seq: int) -> Message:
    _, found = pages.read_range(
        session_id=session.session_id, user_id=session.user_id, first=seq, last=seq
    )
    if not found:
        raise MessageNotFound
    return found[0]


def _gather(then: Session, policy: WindowPolicy) -> Gathered:
    if policy.strategy not in {Strategy.RECENT, Strategy.TOPIC}:
        return candidates.gather(then, policy, None)
    first = max(1, then.message_count - _NEWEST + 1)
    _, newest = pages.read_range(
        session_id=then.session_id,
        user_id=then.user_id,
        first=first,
        last=then.message_count,
    )
    opening = [] if first == 1 else pages.read_opening(then)
    known = topics.with_topics(then, [*(m for m in opening if m.seq < first), *newest])
    return Gathered(known, [annotations.window_message(message) for message in known], None)
