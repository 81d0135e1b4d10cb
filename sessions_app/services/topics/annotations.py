"""Vectors and topics, made from messages when somebody needs them and never while appending.

Each call goes on where the last one stopped, block by block, in order of `seq`. What it writes
follows from the messages alone, so workers that race write the same; the loser reads and goes on.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sessions_app import encoders
from sessions_app.domain import relevance, topics
from sessions_app.domain.annotations import Block, Shift, block_start
from sessions_app.domain.data import Message, Session, TopicStanding
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.limits import ANNOTATION_BLOCK, RECENT_SHIFTS
from sessions_app.domain.topics import TopicDecision, TopicMessage, TopicState
from sessions_app.domain.window import WindowMessage
from sessions_app.repository import annotations, log
from sessions_app.services.tallies import tallies

DIMENSIONS = encoders.DIMENSIONS
# A request waits this long for what has not been annotated; the rest is answered without.
CATCH_UP_SECONDS = 20.0
Vector = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class Progress:
    """A session as it stands, and whether every message of it has been judged."""

    session: Session
    complete: bool


def catch_up(*, session_id: str, user_id: str, seconds: float) -> Progress:
    """Annotate what has been appended since the last time, for at most about `seconds`.

    Raises SessionNotFound.
    """
    deadline = time.monotonic() + seconds
    while True:
        session = log.read_header(session_id=session_id, user_id=user_id)
        if is_complete(session):
            return Progress(session, complete=True)
        if time.monotonic() >= deadline:
            return Progress(session, complete=False)
        _annotate_next_block(session, session.topic.judged if session.topic else 0)


def is_complete(session: Session) -> bool:
    """Whether every message of the session has been judged."""
    return (session.topic.judged if session.topic else 0) >= session.message_count


def _annotate_next_block(session: Session, judged: int) -> None:
    """Judge the messages after `judged` as far as their block goes."""
    start = block_start(judged + 1)
    _, messages = log.read_range(
        session_id=session.session_id,
        user_id=session.user_id,
        first=start,
        last=min(start + ANNOTATION_BLOCK - 1, session.message_count),
    )
    found = annotations.read_block(session_id=session.session_id, seq=start)
    there = found or Block(session.session_id, start)
    done, state = _judged_in(there, judged)
    if state is None:
        # Written by another version of the judge, or lost: begin again, with the vectors there are.
        _begin_again(session)
        return
    vectors = _vectors(messages, there)
    state, decisions, shifts = _judge(messages[done:], vectors[done:], state)
    block = replace(
        there,
        count=len(messages),
        encoder=_encoder_name() or there.encoder,
        vectors=b"".join(vectors),
        topics=[*there.topics[:done], *(decision.topic for decision in decisions)],
        shifts=[*(shift for shift in there.shifts if shift.seq < start + done), *shifts],
        state=state.to_bytes(),
    )
    # A block that holds more was written by a worker that stopped before it could say so; what it
    # holds of these messages is the same.
    if there.count <= block.count and not annotations.write_block(
        _sketched(block, messages), replacing=there.count if found else None
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
        # Judged anew after an erasure, what had been judged before is not counted again.
        found_anew = [s.seq for s in shifts if s.seq >= there.first_seq + len(there.topics)]
        tallies.topics_shifted(messages[seq - start].timestamp for seq in found_anew)
    _forget_erased(session, messages)


def _forget_erased(session: Session, messages: Sequence[Message]) -> None:
    """Take back what was derived from what was erased in the meantime."""
    try:
        _, now = log.read_range(
            session_id=session.session_id,
            user_id=session.user_id,
            first=messages[0].seq,
            last=messages[-1].seq,
        )
    except SessionNotFound:
        annotations.forget_session(session_id=session.session_id)
        raise
    for before, after in zip(messages, now, strict=True):
        if after.deleted and not before.deleted:
            annotations.forget_message(
                session_id=session.session_id, user_id=session.user_id, seq=after.seq
            )


def _vectors(messages: Sequence[Message], there: Block) -> list[bytes]:
    """A packed row per message: those that are stored, and new ones for the others."""
    encoder = encoders.load_encoder()
    width = DIMENSIONS
    if encoder is None:
        # What a worker with an encoder has made stays; the new messages go without.
        kept = there.vectors if there.encoder else b""
        rows = [kept[at * width : (at + 1) * width] for at in range(len(messages))]
        return [row or bytes(width) for row in rows] if kept else rows
    known = there.count if there.encoder == encoder.name else 0
    rows = [there.vectors[at * width : (at + 1) * width] for at in range(known)][: len(messages)]
    for message in messages[known:]:
        rows.append(_encode(encoder, message.content) if message.content else bytes(width))
    return rows


def _encode(encoder: encoders.Encoder, content: str) -> bytes:
    return relevance.quantise(encoder.encode([content]))


def _encoder_name() -> str:
    encoder = encoders.load_encoder()
    return encoder.name if encoder else ""


def _judged_in(block: Block, judged: int) -> tuple[int, TopicState | None]:
    """How many of a block's messages need no judging, and the judge's state after them.

    A block whose state is ahead was left by a worker that stopped between its two writes; it is
    judged once more as a whole, from the state that the block before it ends with.
    """
    before = block.first_seq - 1
    if judged > before and len(block.topics) >= judged - before:
        state = _state(block, judged)
        if state is not None:
            return judged - before, state
    if before == 0:
        return 0, TopicState()
    previous = annotations.read_block(session_id=block.session_id, seq=before)
    return 0, _state(previous, before) if previous else None


def _state(block: Block, seq: int) -> TopicState | None:
    """The judge's state after the message `seq`, if that is what the block holds."""
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
    messages: Sequence[Message], vectors: Sequence[bytes], state: TopicState
) -> tuple[TopicState, list[TopicDecision], list[Shift]]:
    decisions: list[TopicDecision] = []
    shifts: list[Shift] = []
    for message, packed in zip(messages, vectors, strict=True):
        ended = state
        state, decision = topics.observe(state, _topic_message(message, packed))
        decisions.append(decision)
        if decision.shift:
            shifts.append(Shift(message.seq, decision.score, topics.current_label(ended)))
    return state, decisions, shifts


def _topic_message(message: Message, packed: bytes) -> TopicMessage:
    return TopicMessage(
        role=message.role.value,
        content=message.content,
        vector=packed if any(packed) else None,
    )


def _standing(
    before: TopicStanding | None, state: TopicState, shifts: Sequence[Shift]
) -> TopicStanding:
    recent = list(before.recent) if before and before.judged else [(1, 1)]
    topic = recent[-1][1]
    for number, shift in enumerate(shifts, 1):
        recent.append((shift.seq, topic + number))
    return TopicStanding(
        judged=state.seq,
        current=state.topic,
        start_seq=recent[-1][0],
        recent=tuple(recent[-RECENT_SHIFTS:]),
    )


def _sketched(block: Block, messages: Sequence[Message]) -> Block:
    """A full block with the sketch by which a later window finds it."""
    if block.count < ANNOTATION_BLOCK:
        return block
    vectors = restored([block])
    sketch = relevance.sketch_run(
        [window_message(message, vector=vectors.get(message.seq)) for message in messages]
    )
    return replace(block, terms=sketch.terms, centroids=sketch.centroids)


def window_message(
    message: Message, *, vector: Vector | None = None, topic: int | None = None
) -> WindowMessage:
    """A stored message as a candidate for the window."""
    return WindowMessage(
        seq=message.seq,
        role=message.role.value,
        token_count=message.token_count,
        topic=message.topic if topic is None else topic,
        content=message.content,
        name=message.name,
        tool_call_ids=tuple(str(call.get("id")) for call in message.tool_calls or ()),
        tool_call_id=message.tool_call_id,
        deleted=message.deleted,
        superseded=message.superseded_by is not None,
        vector=vector,
    )


def restored(blocks: Sequence[Block]) -> dict[int, Vector]:
    """The unit vectors of the messages that have one, by `seq`."""
    encoder = _encoder_name()
    found: dict[int, Vector] = {}
    for block in blocks:
        if block.vectors and block.encoder == encoder:
            rows = relevance.restore(block.vectors, DIMENSIONS)
            there = np.asarray(rows.any(axis=1))
            found |= {block.first_seq + at: row for at, row in enumerate(rows) if bool(there[at])}
    return found


def current_label(session: Session) -> str:
    """The label of the topic at hand."""
    judged = session.topic.judged if session.topic else 0
    block = annotations.read_block(session_id=session.session_id, seq=judged) if judged else None
    state = _state(block, judged) if block else None
    return topics.current_label(state) if state else topics.UNTITLED


def query_vector(text: str) -> Vector | None:
    """The unit vector of a query; None without an encoder."""
    encoder = encoders.load_encoder()
    return encoder.encode([text])[0] if encoder and text else None
