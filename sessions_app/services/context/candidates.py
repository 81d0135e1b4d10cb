"""Gathers the candidates of a window, with reads that do not grow with the session."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from sessions_app.domain.annotations import Block
from sessions_app.domain.data import Message, Role, Session, Strategy
from sessions_app.domain.limits import PAGE_MAX
from sessions_app.domain.relevance import RunSketch, choose_runs, query_text
from sessions_app.domain.texts.tokens import window_cost
from sessions_app.domain.window import (
    MOST_READ,
    NEWEST,
    RUNS,
    SKETCHES,
    WHOLE_SESSION,
    WindowMessage,
    WindowPolicy,
)
from sessions_app.encoders import Encoder
from sessions_app.repository import annotations as stored
from sessions_app.repository import log
from sessions_app.services import topics
from sessions_app.services.topics import Vector


@dataclass(frozen=True, slots=True)
class Candidates:
    """The candidates as stored (`messages`) and as the planner takes them (`offered`)."""

    messages: Sequence[Message]
    offered: Sequence[WindowMessage]
    query_vector: Vector | None


def gather(
    session: Session, policy: WindowPolicy, query: str | None, tail: Sequence[Message] = ()
) -> Candidates:
    """Read the candidates for a window of `session`, in conversation order.

    `tail` are messages at its end that have been read with it, and need not be read again.
    """
    if policy.strategy in {Strategy.RECENT, Strategy.TOPIC}:
        return listed(session, _until_full(session, policy, tail))
    # Short enough to rank every message.
    if session.message_count <= WHOLE_SESSION:
        is_whole = bool(tail) and tail[0].seq == 1 and tail[-1].seq >= session.message_count
        messages = (
            _up_to_newest(session, tail)
            if is_whole
            else read_range(session, 1, session.message_count)
        )
        blocks = _blocks(session, [(1, session.message_count)])
        encoder = topics.ranking_by(blocks)
        offered = _offer(messages, blocks, encoder)
        fits = sum(window_cost(message.token_count) for message in messages) <= policy.max_tokens
        # Where everything fits nothing is ranked, and encoding the query would be wasted.
        return Candidates(messages, offered, None if fits else _vector(query, offered, encoder))
    return _from_a_long_session(session, query)


def listed(session: Session, messages: Sequence[Message]) -> Candidates:
    """Candidates with their topics as far as they are judged, and without vectors."""
    return unranked(stored.with_topics(session, messages))


def unranked(messages: Iterable[Message]) -> Candidates:
    """Candidates without vectors and topics, for a window that holds them all."""
    candidates = list(messages)
    return Candidates(candidates, [topics.window_message(m) for m in candidates], None)


def followed_by(gathered: Candidates, unsaved: Sequence[Message]) -> Candidates:
    """The same candidates, and behind them messages that are not stored."""
    if not unsaved:
        return gathered
    offered = [*gathered.offered, *map(topics.window_message, unsaved)]
    return replace(gathered, messages=[*gathered.messages, *unsaved], offered=offered)


def superseding(gathered: Candidates, seqs: Collection[int]) -> Candidates:
    """The same candidates, with those in `seqs` marked as superseded."""
    if not seqs:
        return gathered
    offered = [
        replace(each, superseded=True) if each.seq in seqs else each for each in gathered.offered
    ]
    return replace(gathered, offered=offered)


def _from_a_long_session(session: Session, query: str | None) -> Candidates:
    """The opening, the runs of older messages nearest to the query, and the newest messages."""
    first = session.message_count - NEWEST + 1
    newest = read_range(session, first, session.message_count)
    blocks = _blocks(session, [(first, session.message_count)])
    # A session changes its encoder in order: what the newest blocks have, the older ones have.
    encoder = topics.ranking_by(blocks)
    newest_offered = _offer(newest, blocks, encoder)
    # An agent may have worked on one user message for longer than the newest messages reach.
    if not any(message.role is Role.USER for message in newest):
        newest_user = _newest_user(session, first)
        newest = newest_user + newest
        newest_offered = [*map(topics.window_message, newest_user), *newest_offered]
    vector = _vector(query, newest_offered, encoder)
    sketches = [
        RunSketch(
            block.first_seq,
            block.last_seq,
            block.terms,
            block.by(encoder.name).centroids if encoder else b"",
        )
        for block in stored.read_sketches(
            session_id=session.session_id, before=first, limit=SKETCHES
        )
    ]
    text = query_text(query or _newest_user_text(newest_offered), newest_offered)
    runs = [
        (run.first_seq, min(run.last_seq, first - 1))
        for run in choose_runs(sketches, text, vector, limit=RUNS)
    ]
    newest_seqs = {message.seq for message in newest}
    older = {
        message.seq: message
        for message in (*log.read_opening(session), *log.read_runs(session, runs))
        if message.seq not in newest_seqs
    }
    offered = _offer(list(older.values()), _blocks(session, runs), encoder) + newest_offered
    messages = sorted([*older.values(), *newest], key=lambda message: message.seq)
    return Candidates(messages, offered, vector)


def _newest_user(session: Session, before: int) -> list[Message]:
    """The newest user message before `before`, in a list; empty where none is in reach."""
    for last in range(before - 1, max(0, before - MOST_READ), -PAGE_MAX):
        page = read_range(session, max(1, last - PAGE_MAX + 1), last)
        users = [message for message in page if message.role is Role.USER and not message.deleted]
        if users:
            return users[-1:]
    return []


def _until_full(session: Session, policy: WindowPolicy, tail: Sequence[Message]) -> list[Message]:
    """The newest messages until the budget is full, with the newest user message and the opening.

    Those of the tail are mostly enough. If not, the number that fills the budget is a guess at
    first, and doubled until it is enough.
    """
    newest = _up_to_newest(session, tail)
    # A tail may have been read before the newest messages came, and may be empty.
    enough = (tail[-1].seq if tail else 0) >= session.message_count and _is_enough(
        session, policy, tail, newest
    )
    limit = _likely_number(session, policy)
    while not enough:
        _, read = log.read_newest(
            session_id=session.session_id, user_id=session.user_id, limit=limit
        )
        newest = _up_to_newest(session, read)
        enough = _is_enough(session, policy, read, newest) or limit >= MOST_READ
        # The messages were shorter than the mean.
        limit *= 2
    if not newest or newest[0].seq == 1:
        return newest
    opening = log.read_opening(session)
    return [message for message in opening if message.seq < newest[0].seq] + newest


def _up_to_newest(session: Session, read: Sequence[Message]) -> list[Message]:
    return [message for message in read if message.seq <= session.message_count]


def _is_enough(
    session: Session, policy: WindowPolicy, read: Sequence[Message], newest: Sequence[Message]
) -> bool:
    cost = sum(window_cost(message.token_count) for message in newest)
    full = cost > policy.max_tokens or len(newest) > (policy.max_messages or len(newest))
    answered = any(message.role is Role.USER for message in newest)
    whole = not read or read[0].seq <= max(1, session.context_start)
    return whole or (full and answered)


def _likely_number(session: Session, policy: WindowPolicy) -> int:
    """A number of messages that is likely to fill the window, by the session's mean cost."""
    mean_cost = window_cost(session.token_count // max(1, session.message_count))
    number = policy.max_tokens // mean_cost
    if policy.max_messages is not None:
        number = min(number, policy.max_messages)
    # Half as many again, since a second read costs more than some messages too many.
    return min(MOST_READ, number * 3 // 2 + 8)


def read_range(session: Session, first: int, last: int) -> list[Message]:
    """The session's messages `first..last`, both included; none where `first` is behind `last`."""
    if first > last:
        return []
    _, messages = log.read_range(
        session_id=session.session_id, user_id=session.user_id, first=first, last=last
    )
    return messages


def _blocks(session: Session, ranges: Sequence[tuple[int, int]]) -> list[Block]:
    return stored.read_blocks(session_id=session.session_id, ranges=ranges)


def _offer(
    messages: Sequence[Message], blocks: Sequence[Block], encoder: Encoder | None
) -> list[WindowMessage]:
    # Missing where the session has not been annotated; words alone rank it then.
    vectors = topics.restored(blocks, encoder)
    topic_of = {
        seq: topic for block in blocks for seq, topic in enumerate(block.topics, block.first_seq)
    }
    return [
        topics.window_message(
            message, vector=vectors.get(message.seq), topic=topic_of.get(message.seq)
        )
        for message in messages
    ]


def _newest_user_text(offered: Sequence[WindowMessage]) -> str:
    """The newest user message: the query of a window for which none was passed."""
    return next((m.content for m in reversed(offered) if m.role == Role.USER), "")


def _vector(
    query: str | None, offered: Sequence[WindowMessage], encoder: Encoder | None
) -> Vector | None:
    return topics.query_vector(query_text(query or _newest_user_text(offered), offered), encoder)
