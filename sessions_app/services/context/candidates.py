"""Gathering what a window is planned from, with reads that do not grow with the session."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sessions_app.domain.data import Message, Role, Session, Strategy
from sessions_app.domain.limits import PAGE_MAX
from sessions_app.domain.relevance import RunSketch, choose_runs, query_text
from sessions_app.domain.tokens import window_cost
from sessions_app.domain.window import (
    MOST_READ,
    NEWEST,
    RUNS,
    SKETCHES,
    WHOLE_SESSION,
    WindowMessage,
    WindowPolicy,
)
from sessions_app.repository import annotations as stored
from sessions_app.repository import log
from sessions_app.services import topics
from sessions_app.services.topics import Vector


@dataclass(frozen=True, slots=True)
class Gathered:
    """The candidates as stored and as the planner takes them, and the query's vector."""

    messages: Sequence[Message]
    offered: Sequence[WindowMessage]
    query_vector: Vector | None


def gather(session: Session, policy: WindowPolicy, query: str | None) -> Gathered:
    """The candidates for a window of `session`, in conversation order."""
    if policy.strategy in {Strategy.RECENT, Strategy.TOPIC}:
        messages = stored.with_topics(session, _until_full(session, policy))
        return Gathered(messages, [topics.window_message(m) for m in messages], None)
    if session.message_count <= WHOLE_SESSION:
        messages = _range(session, 1, session.message_count)
        offered = _offer(session, messages, [(1, session.message_count)])
        fits = sum(window_cost(message.token_count) for message in messages) <= policy.max_tokens
        return Gathered(messages, offered, None if fits else _vector(query, offered))
    return _from_a_long_session(session, query)


def as_they_are(messages: Iterable[Message]) -> Gathered:
    """These messages and nothing that was made of them, for a window that holds them all."""
    found = list(messages)
    return Gathered(found, [topics.window_message(m) for m in found], None)


def superseding(gathered: Gathered, seqs: Collection[int]) -> Gathered:
    """The same where these messages are as good as superseded."""
    offered = [
        replace(each, superseded=True) if each.seq in seqs else each for each in gathered.offered
    ]
    return replace(gathered, offered=offered)


def _from_a_long_session(session: Session, query: str | None) -> Gathered:
    """The newest messages, and of the older ones the runs that are nearest to the query."""
    first = session.message_count - NEWEST + 1
    newest = _range(session, first, session.message_count)
    newest_offered = _offer(session, newest, [(first, session.message_count)])
    if not any(message.role is Role.USER for message in newest):
        asked_before = _newest_user(session, first)
        newest = asked_before + newest
        newest_offered = [*map(topics.window_message, asked_before), *newest_offered]
    vector = _vector(query, newest_offered)
    sketches = [
        RunSketch(block.first_seq, block.last_seq, block.terms, block.centroids)
        for block in stored.read_sketches(
            session_id=session.session_id, before=first, limit=SKETCHES
        )
    ]
    asked = query_text(query or _asked(newest_offered), newest_offered)
    runs = [
        (run.first_seq, min(run.last_seq, first - 1))
        for run in choose_runs(sketches, asked, vector, limit=RUNS)
    ]
    known = {message.seq for message in newest}
    older = {
        message.seq: message
        for message in (*log.read_opening(session), *log.read_runs(session, runs))
        if message.seq not in known
    }
    offered = _offer(session, list(older.values()), runs) + newest_offered
    messages = sorted([*older.values(), *newest], key=lambda message: message.seq)
    return Gathered(messages, offered, vector)


def _newest_user(session: Session, before: int) -> list[Message]:
    """The newest user message before `before`: an agent may have worked on it for very long."""
    for last in range(before - 1, max(0, before - MOST_READ), -PAGE_MAX):
        page = _range(session, max(1, last - PAGE_MAX + 1), last)
        found = [message for message in page if message.role is Role.USER and not message.deleted]
        if found:
            return found[-1:]
    return []


def _until_full(session: Session, policy: WindowPolicy) -> list[Message]:
    """The newest messages to beyond the budget, the newest user message, and the opening."""
    limit = _likely_number(session, policy)
    while True:
        _, read = log.read_newest(
            session_id=session.session_id, user_id=session.user_id, limit=limit
        )
        newest = [message for message in read if message.seq <= session.message_count]
        cost = sum(window_cost(message.token_count) for message in newest)
        full = cost > policy.max_tokens or len(newest) > (policy.max_messages or len(newest))
        answered = any(message.role is Role.USER for message in newest)
        whole = not read or read[0].seq <= max(1, session.context_start)
        if whole or (full and answered) or limit >= MOST_READ:
            break
        limit *= 2
    if not newest or newest[0].seq == 1:
        return newest
    opening = log.read_opening(session)
    return [message for message in opening if message.seq < newest[0].seq] + newest


def _likely_number(session: Session, policy: WindowPolicy) -> int:
    """How many of the session's messages are likely to fill the window, and some more."""
    each = window_cost(session.token_count // max(1, session.message_count))
    wanted = policy.max_tokens // each
    if policy.max_messages is not None:
        wanted = min(wanted, policy.max_messages)
    return min(MOST_READ, wanted * 3 // 2 + 8)


def _range(session: Session, first: int, last: int) -> list[Message]:
    _, messages = log.read_range(
        session_id=session.session_id, user_id=session.user_id, first=first, last=last
    )
    return messages


def _offer(
    session: Session, messages: Sequence[Message], ranges: Sequence[tuple[int, int]]
) -> list[WindowMessage]:
    blocks = stored.read_blocks(session_id=session.session_id, ranges=ranges)
    vectors = topics.restored(blocks)
    judged = {
        seq: topic for block in blocks for seq, topic in enumerate(block.topics, block.first_seq)
    }
    return [
        topics.window_message(
            message, vector=vectors.get(message.seq), topic=judged.get(message.seq)
        )
        for message in messages
    ]


def _asked(offered: Sequence[WindowMessage]) -> str:
    """The newest user message, which is the query when none is given."""
    return next((m.content for m in reversed(offered) if m.role == Role.USER), "")


def _vector(query: str | None, offered: Sequence[WindowMessage]) -> Vector | None:
    return topics.query_vector(query_text(query or _asked(offered), offered))
