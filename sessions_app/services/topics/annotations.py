"""Annotates messages with vectors and topics, when they are needed and never while appending.

Each call continues where the last one stopped, block by block, in order of `seq`. The result
depends on the messages alone, so workers that race write the same; the loser reads on.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sessions_app import instruments, tracing
from sessions_app.domain import parts, topics
from sessions_app.domain.annotations import Block, Shift, block_start
from sessions_app.domain.data import Message, Session, TopicStanding
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.limits import ANNOTATION_BLOCK, RECENT_SHIFTS
from sessions_app.domain.topics import TopicDecision, TopicMessage, TopicState
from sessions_app.providers import demo
from sessions_app.repository import annotations, attachments, log
from sessions_app.repository.sessions import summaries
from sessions_app.services.tallies import tallies
from sessions_app.services.topics import vectors

# A request waits this long for messages to be annotated; it is answered without the rest.
CATCH_UP_SECONDS = 20.0
# Of the texts of a message's files: what they are about stands at their beginnings.
_ATTACHED_CHARS = 2_000


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """A session, and whether every message of it has been judged."""

    session: Session
    complete: bool


@tracing.step
def catch_up(*, session_id: str, user_id: str, seconds: float) -> CaughtUp:
    """Annotate what has been appended since the last time, for about `seconds` at most.

    Raises SessionNotFound.
    """
    deadline = time.monotonic() + seconds
    while True:
        session = log.read_header(session_id=session_id, user_id=user_id)
        if is_complete(session):
            return CaughtUp(session, complete=True)
        if time.monotonic() >= deadline:
            return CaughtUp(session, complete=False)
        judged = session.topic.judged if session.topic else 0
        _annotate_next_block(session, judged, deadline)


def judge_again(attachment_id: str) -> None:
    """Have the messages judged anew that refer to a file whose text is known only now.

    Of those that have not been judged, nothing is known that would have to go.
    """
    for session_id in attachments.references.sessions_of(attachment_id):
        seqs = attachments.references.seqs_of(session_id, attachment_id)
        ranges = [(seq, seq) for seq in sorted({block_start(seq) for seq in seqs})]
        blocks = annotations.read_blocks(session_id=session_id, ranges=ranges)
        user_id = summaries.owner(session_id) if blocks else None
        if user_id is None:
            continue
        for block in blocks:
            annotations.forget_message(session_id=session_id, user_id=user_id, seq=block.first_seq)


def is_complete(session: Session) -> bool:
    """Whether every message of the session has been judged."""
    return (session.topic.judged if session.topic else 0) >= session.message_count


def _annotate_next_block(session: Session, judged: int, deadline: float) -> None:
    """Judge the messages after `judged` up to the end of their block.

    Where the deadline passes meanwhile, fewer of them, but one at least.
    """
    start = block_start(judged + 1)
    _, messages = log.read_range(
        session_id=session.session_id,
        user_id=session.user_id,
        first=start,
        # No further than the header that was read: later messages are left to the next call.
        last=min(start + ANNOTATION_BLOCK - 1, session.message_count),
    )
    stored_block = annotations.read_block(session_id=session.session_id, seq=start)
    block = stored_block or Block(session.session_id, start)
    done, state = _judged_in(block, judged)
    if state is None:
        # The state is of another version, or lost: judge from the start, with the stored vectors.
        _begin_again(session)
        return
    full_messages = with_attached(messages)
    encoder = vectors.going_on_with(stored_block or _block_before(session, start))
    rows = vectors.packed_vectors(full_messages, block, encoder, least=done + 1, deadline=deadline)
    messages, full_messages = messages[: len(rows)], full_messages[: len(rows)]
    made_by = encoder.name if encoder else block.encoder
    state, decisions, shifts = _judge(full_messages[done:], rows[done:], state, made_by)
    new_block = replace(
        block,
        count=len(messages),
        encoder=made_by,
        vectors=b"".join(rows),
        topics=[*block.topics[:done], *(decision.topic for decision in decisions)],
        shifts=[*(shift for shift in block.shifts if shift.seq < start + done), *shifts],
        state=state.to_bytes(),
    )
    # A block with more messages was written by a worker that stopped before it advanced the
    # session; for these messages it holds the same.
    if block.count <= new_block.count and not annotations.write_block(
        _sketched(new_block, full_messages), replacing=block.count if stored_block else None
    ):
        return
    new = [shift for shift in shifts if shift.seq > judged]
    advanced = annotations.advance(
        session_id=session.session_id,
        user_id=session.user_id,
        judged=judged,
        standing=_standing(session.topic, state, new),
    )
    if advanced:
        # After an erasure, messages are judged again: their shifts are not counted twice.
        uncounted = [s.seq for s in shifts if s.seq >= block.first_seq + len(block.topics)]
        tallies.topics_shifted(messages[seq - start].timestamp for seq in uncounted)
        instruments.topics_shifted(len(uncounted))
    forget_erased(session, messages)


def _block_before(session: Session, start: int) -> Block | None:
    if start == 1:
        return None
    return annotations.read_block(session_id=session.session_id, seq=start - 1)


def with_attached(messages: Sequence[Message]) -> Sequence[Message]:
    """The messages, each with the names, the alt texts and the beginnings of what is attached."""
    ids = {each for message in messages for each in parts.ids_in(message.parts)}
    texts = attachments.facts.texts(ids)
    return [
        message._replace(
            content=parts.worded(message.content, message.parts, texts, most=_ATTACHED_CHARS)
        )
        if message.parts and message.content
        else message
        for message in messages
    ]


def forget_erased(session: Session, messages: Sequence[Message]) -> None:
    """Remove what was derived from messages that have been erased since they were read."""
    try:
        _, now = log.read_range(
            session_id=session.session_id,
            user_id=session.user_id,
            first=messages[0].seq,
            last=messages[-1].seq,
        )
    # The session was deleted after its block was written, so the deletion missed the block.
    except SessionNotFound:
        annotations.forget_session(session_id=session.session_id)
        raise
    for before, after in zip(messages, now, strict=True):
        if after.content != before.content:
            annotations.forget_message(
                session_id=session.session_id, user_id=session.user_id, seq=after.seq
            )


def _judged_in(block: Block, judged: int) -> tuple[int, TopicState | None]:
    """The number of a block's messages that are judged, and the state after them.

    A block whose state is ahead of the session was left by a worker that stopped between its two
    writes. It is judged again as a whole, from the state at the end of the block before it.
    """
    before = block.first_seq - 1
    if judged > before and len(block.topics) >= judged - before:
        state = state_at(block, judged)
        if state is not None:
            return judged - before, state
    if before == 0:
        return 0, TopicState()
    previous = annotations.read_block(session_id=block.session_id, seq=before)
    return 0, state_at(previous, before) if previous else None


def state_at(block: Block, seq: int) -> TopicState | None:
    """The state after the message `seq`; None where the block holds another state."""
    try:
        state = TopicState.from_bytes(block.state)
    except ValueError:
        return None
    return state if state.seq == seq else None


def _begin_again(session: Session) -> None:
    annotations.advance(
        session_id=session.session_id,
        user_id=session.user_id,
        judged=session.topic.judged if session.topic else 0,
        standing=TopicStanding(),
    )


def _judge(
    messages: Sequence[Message], vectors: Sequence[bytes], state: TopicState, encoder: str = ""
) -> tuple[TopicState, list[TopicDecision], list[Shift]]:
    decisions: list[TopicDecision] = []
    shifts: list[Shift] = []
    # One by one: each decision depends on the state after the message before.
    for message, packed in zip(messages, vectors, strict=True):
        # The state before the shift labels the topic that ends.
        ended = state
        state, decision = topics.observe(state, _topic_message(message, packed, encoder))
        decisions.append(decision)
        if decision.shift:
            shifts.append(Shift(message.seq, decision.score, topics.current_label(ended)))
    return state, decisions, shifts


def _topic_message(message: Message, packed: bytes, encoder: str) -> TopicMessage:
    if message.generation and message.generation.model == demo.NAME:
        # The demo's own phrases would become topics; what it quotes was judged when it was said.
        return TopicMessage(role=message.role.value, content="", vector=None)
    return TopicMessage(
        role=message.role.value,
        content=message.content,
        vector=packed if any(packed) else None,
        encoder=encoder,
    )


def _standing(
    before: TopicStanding | None, state: TopicState, shifts: Sequence[Shift]
) -> TopicStanding:
    # The first message opens topic 1 without a shift.
    recent = list(before.recent) if before and before.judged else [(1, 1, 1.0)]
    topic = recent[-1][1]
    for number, shift in enumerate(shifts, 1):
        recent.append((shift.seq, topic + number, shift.score))
    return TopicStanding(
        judged=state.seq,
        current=state.topic,
        start_seq=recent[-1][0],
        recent=tuple(recent[-RECENT_SHIFTS:]),
    )


def _sketched(block: Block, messages: Sequence[Message]) -> Block:
    """Add the sketch, by which later windows choose it, to a full block."""
    if block.count < ANNOTATION_BLOCK:
        return block
    sketch = vectors.sketch(messages, block.vectors)
    return replace(block, terms=sketch.terms, centroids=sketch.centroids)
