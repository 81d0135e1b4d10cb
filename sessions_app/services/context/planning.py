"""Plans a session's context window: the messages of a model call, and the reason for each."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings

from sessions_app import instruments, tracing
from sessions_app.domain.data import Message, OnTopicShift, Role, Session, Strategy
from sessions_app.domain.dialect import Manner, Request, SentAs
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.window import (
    Layout,
    Reason,
    Recalled,
    ShownSummary,
    WindowBudgetError,
    WindowPlan,
    WindowPolicy,
    fits_whole,
)
from sessions_app.repository import log
from sessions_app.services import dialects, topics
from sessions_app.services.context import candidates, summaries, writing
from sessions_app.services.context.candidates import Candidates
from sessions_app.services.context.fitting import window_written
from sessions_app.services.context.writing import Instruction


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """A planned window: the session, the plan, and the request that it is sent as.

    `messages` are the candidates as they are stored, kept or not.

    The call's own instructions follow the system prompt, then the `summary` if there is one.
    `recalled` is sent in place of the messages it quotes. The plan's `token_count` covers
    everything that is sent.
    """

    session: Session
    plan: WindowPlan
    request: Request
    # Whether every message had been judged, where the window depends on it.
    complete: bool = True
    messages: Sequence[Message] = ()
    summary: ShownSummary | None = None
    recalled: Recalled | None = None

    @property
    def sent(self) -> list[dict[str, Any]]:
        """The messages of the model call, in the shape of OpenAI's chat completions."""
        return self.request.messages


@tracing.step
def context_plan(
    *,
    session_id: str,
    user_id: str,
    max_tokens: int | None,
    strategy: Strategy | None,
    query: str | None,
    now: datetime,
    until: int | None = None,
    tells_topics: bool = True,
    seconds: float = topics.CATCH_UP_SECONDS,
    without: Collection[int] = (),
    instructions: Sequence[Instruction] = (),
    manner: Manner | None = None,
    unsaved: Sequence[Message] = (),
) -> ContextWindow:
    """Plan the window of a session as it is now; the session is not changed.

    `max_tokens` and `strategy` replace the session's own, `query` the newest user message. `until`
    is the last seq that is considered, None for the newest; the messages in `without` count as
    superseded. Without `tells_topics`, topics are judged only where they can change the window, and
    for about `seconds`; the window is planned with what is known then. `unsaved` are messages
    behind those, which are not stored: the last of them is to be answered.
    `instructions` take their share of the budget. `manner` is how the server wants it written,
    None for what is known of the configured one. Raises SessionNotFound, SessionExpired,
    WindowBudgetError.
    """
    began = time.monotonic()
    session, tail = log.read_tail(session_id=session_id, user_id=user_id)
    lifecycle.require_readable(session, now=now)
    query = query or _newest_question(unsaved)
    reserved = writing.instruction_cost(instructions)
    policy = window_policy(session, max_tokens, strategy)
    # Everything fits: no topics, vectors or older messages have to be read.
    is_whole = _is_all(tail, session) and _keeps_all(
        _with(session, unsaved), _less(policy, reserved)
    )
    complete = True
    if (tells_topics or not is_whole) and _needs_topics(session, policy):
        session, complete = _judged(session, seconds)
        # More may have come meanwhile.
        is_whole = is_whole and _is_all(tail, session)
    session = _as_it_was(session, until)
    # Again, since judging topics and `until` may have changed what the policy depends on.
    policy = window_policy(session, max_tokens, strategy)
    gathered = (
        _from_tail(session, tail, tells_topics=tells_topics)
        if is_whole
        else candidates.gather(session, _less(policy, reserved), query, tail)
    )
    gathered = candidates.superseding(candidates.followed_by(gathered, unsaved), without)
    planned = _written(session, gathered, policy, query, instructions, manner)
    instruments.window_planned(policy.strategy.value, time.monotonic() - began)
    return replace(planned, complete=complete)


def _newest_question(messages: Sequence[Message]) -> str | None:
    return next((m.content for m in reversed(messages) if m.role is Role.USER), None)


def _with(session: Session, unsaved: Sequence[Message]) -> Session:
    return replace(
        session,
        message_count=session.message_count + len(unsaved),
        token_count=session.token_count + sum(message.token_count for message in unsaved),
    )


def _less(policy: WindowPolicy, reserved: int) -> WindowPolicy:
    """The policy with the budget that the call's own instructions leave."""
    return replace(policy, max_tokens=policy.max_tokens - reserved)


def _is_all(tail: Sequence[Message], session: Session) -> bool:
    return len(tail) == session.message_count


def _judged(session: Session, seconds: float) -> tuple[Session, bool]:
    """The session with its topics judged, and whether all messages have been."""
    caught_up = topics.catch_up(
        session_id=session.session_id, user_id=session.user_id, seconds=seconds
    )
    return caught_up.session, caught_up.complete


def _as_it_was(session: Session, until: int | None) -> Session:
    """The session as far as the message `until`; that one is shown even where a reset hides it."""
    if until is None:
        return session
    return replace(
        session,
        message_count=min(until, session.message_count),
        context_start=min(session.context_start, until),
    )


def _from_tail(session: Session, tail: Sequence[Message], *, tells_topics: bool) -> Candidates:
    """All messages of a session that has no others, with their topics where these are told."""
    shown = [message for message in tail if message.seq <= session.message_count]
    return candidates.listed(session, shown) if tells_topics else candidates.unranked(shown)


def _written(
    session: Session,
    gathered: Candidates,
    policy: WindowPolicy,
    query: str | None,
    instructions: Sequence[Instruction],
    manner: Manner | None,
) -> ContextWindow:
    """Put the candidates and the session's summary into a request that fits the budget."""
    summary = summaries.summary_shown(session=session, max_tokens=policy.max_tokens)
    laid_out, request = window_written(
        gathered, policy, query, summary, instructions, manner or dialects.known()
    )
    return ContextWindow(
        session,
        laid_out.plan,
        request,
        messages=gathered.messages,
        summary=laid_out.summary,
        recalled=laid_out.recalled,
    )


# What a window leaves out because there is no room, or less of it than would be needed.
_TRIMMED = frozenset(
    {
        Reason.PREVIOUS_TOPIC,
        Reason.OVER_BUDGET,
        Reason.OVER_MAX_MESSAGES,
        Reason.STABLE_CUT,
        Reason.LESS_RELEVANT,
    }
)


def require_whole(planned: ContextWindow) -> None:
    """Raise InvalidInput where the window leaves out a message that would be sent if it fitted."""
    session, plan = planned.session, planned.plan
    considered = sum(each.seq >= session.context_start for each in plan.messages)
    unread = session.message_count - session.context_start + 1 - considered
    trimmed = sum(each.reason in _TRIMMED for each in plan.messages if not each.kept)
    cut = any(change.sent_as is SentAs.CUT for change in planned.request.changes)
    if planned.summary is not None or trimmed or cut or unread > 0:
        error = InvalidInput(
            f"The conversation does not fit into {plan.max_tokens} tokens, and truncation is "
            "disabled.",
            attr="truncation",
        )
        error.code = WindowBudgetError.code
        raise error


# A window that does not need topics judges up to this many messages on the way, which costs it
# little. A longer backlog is left to a window, or a list of topics, that needs it.
_JUDGED_IN_PASSING = 128


def _needs_topics(session: Session, policy: WindowPolicy) -> bool:
    """Whether the messages that have no topic yet are judged before planning."""
    behind = session.message_count - (session.topic.judged if session.topic else 0)
    indifferent = policy.strategy is Strategy.RECENT and (
        session.context_policy.on_topic_shift is not OnTopicShift.RESET
    )
    return 0 < behind <= _JUDGED_IN_PASSING if indifferent else behind > 0


def _keeps_all(session: Session, policy: WindowPolicy) -> bool:
    """Whether the window holds the whole session, whatever its topics are."""
    own = session.context_policy
    return own.on_topic_shift is not OnTopicShift.RESET and fits_whole(
        session, max_tokens=policy.max_tokens, max_messages=own.max_messages
    )


def window_policy(
    session: Session, max_tokens: int | None, strategy: Strategy | None
) -> WindowPolicy:
    """The policy of a window: the session's own, with the caller's budget and strategy."""
    own = session.context_policy
    on_shift = own.on_topic_shift
    topic = session.topic
    least = {
        OnTopicShift.RESET: settings.TOPIC_RESET_THRESHOLD,
        OnTopicShift.ADJUST: settings.TOPIC_ADJUST_THRESHOLD,
    }
    start = (
        topic.began(least=least[on_shift], until=session.message_count)
        if topic and on_shift in least
        else None
    )
    if on_shift is OnTopicShift.RESET and topic and start is not None and start <= topic.undone:
        # The reset by this shift was undone: the shift still lowers the priority of what is older.
        on_shift = OnTopicShift.ADJUST
    return WindowPolicy(
        max_tokens=max_tokens or own.max_tokens,
        strategy=strategy or own.strategy,
        max_messages=own.max_messages,
        on_topic_shift=on_shift,
        topic_start=start,
        context_start=session.context_start,
        layout=Layout(settings.CONTEXT_LAYOUT),
        answering=True,
    )
