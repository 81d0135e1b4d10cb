"""Shows what the model saw at a message: the window is planned again as of then.

Messages never change, and a reset stores the `seq` at which it began, so most of it can be
derived. Three things are not stored: an earlier policy, a reset that was undone, and all summaries
but the newest. The page says so.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

from sessions_app.domain.data import Message, Role, Session, Strategy
from sessions_app.domain.errors import MessageNotFound
from sessions_app.domain.turns import Seen
from sessions_app.domain.window import Reason, WindowBudgetError, WindowPlan, WindowPolicy
from sessions_app.repository import annotations, log, turns
from sessions_app.services import context, topics
from sessions_app.services.context import Candidates

# Messages read for the strategies that consider only the newest ones.
_NEWEST = 2_000


class MessageFate(NamedTuple):
    """Whether a message was in a window, and the reason, None where it is unknown."""

    kept: bool
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class SeenWindow:
    """The window at the message `at_seq`, whose newest message is `upto`.

    `record` is what the model call was really sent; without a record there is only `plan`, planned
    again. `refusal` says why there is no plan.
    """

    at_seq: int
    upto: int
    policy: WindowPolicy
    plan: WindowPlan | None
    refusal: str = ""
    record: Seen | None = None

    @property
    def fates(self) -> dict[int, MessageFate]:
        """The fate of each message up to then, as far as it is known, by `seq`.

        A record says which messages were kept. The reasons are the plan's, and are given only
        where record and plan agree.
        """
        planned = {message.seq: message for message in self.plan.messages} if self.plan else {}
        # Calls are recorded only since turns exist, and not for imported messages.
        if self.record is None:
            return {seq: MessageFate(each.kept, each.reason) for seq, each in planned.items()}
        sent_seqs = {seq for first, last in self.record.seqs for seq in range(first, last + 1)}
        fates: dict[int, MessageFate] = {}
        for seq in sent_seqs | planned.keys():
            each = planned.get(seq)
            # Another policy or summary may have applied then.
            agree = each is not None and each.kept == (seq in sent_seqs)
            fates[seq] = MessageFate(seq in sent_seqs, each.reason if agree and each else None)
        return fates


def window_at(*, session: Session, seq: int) -> SeenWindow:
    """The window at a message: up to it, or for a reply, up to the message it answers.

    Raises MessageNotFound.
    """
    message = _message(session, seq)
    upto = seq
    if message.generation is not None:
        # A reply may answer an earlier message, after a regeneration.
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
    # Resets after that message had not happened yet.
    starts = [start for start in (*session.context_resets, session.context_start) if start <= seq]
    return replace(session, message_count=seq, context_start=max(starts, default=1))


def _record(session: Session, message: Message, upto: int) -> Seen | None:
    """What the call that answered the message `upto` was sent; None without a record."""
    if message.generation is not None:
        turn = turns.records.read([(session.session_id, message.generation.turn_id)])
        return next((each.seen for each in turn.values()), None)
    answered = message if message.seq == upto else _message(session, upto)
    nearby = turns.records.about(session_id=session.session_id, moment=answered.timestamp)
    answers = [turn.seen for turn in nearby if turn.user_seq == upto and turn.seen is not None]
    return answers[-1] if answers else None


def _message(session: Session, seq: int) -> Message:
    _, messages = log.read_range(
        session_id=session.session_id, user_id=session.user_id, first=seq, last=seq
    )
    if not messages:
        raise MessageNotFound
    return messages[0]


def _gather(then: Session, policy: WindowPolicy) -> Candidates:
    if policy.strategy not in {Strategy.RECENT, Strategy.TOPIC}:
        return context.gather(then, policy, None)
    first = max(1, then.message_count - _NEWEST + 1)
    _, newest = log.read_range(
        session_id=then.session_id,
        user_id=then.user_id,
        first=first,
        last=then.message_count,
    )
    # The system prompt is at the beginning, far from the newest messages.
    opening = [] if first == 1 else log.read_opening(then)
    messages = annotations.with_topics(then, [*(m for m in opening if m.seq < first), *newest])
    return Candidates(messages, [topics.window_message(message) for message in messages], None)
