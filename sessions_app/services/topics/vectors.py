"""The vectors of messages: encoded, stored in blocks, restored for ranking."""

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from sessions_app import encoders
from sessions_app.domain import parts, relevance
from sessions_app.domain.annotations import Block
from sessions_app.domain.data import Message
from sessions_app.domain.window import WindowMessage

DIMENSIONS = encoders.DIMENSIONS
Vector = np.ndarray[Any, np.dtype[np.float32]]


def packed_vectors(
    messages: Sequence[Message], block: Block, *, least: int, deadline: float
) -> list[bytes]:
    """A packed vector per message: the stored ones, and new ones for the other messages.

    Once the deadline has passed, by `time.monotonic`, no more than those and the `least` first.
    """
    encoder = encoders.load_encoder()
    width = DIMENSIONS
    if encoder is None:
        # The vectors that a worker with an encoder has made stay; new messages get none.
        packed = block.vectors if block.encoder else b""
        rows = [packed[at * width : (at + 1) * width] for at in range(len(messages))]
        # Zeros mark a message without a vector, and keep every row at its offset.
        return [row or bytes(width) for row in rows] if packed else rows
    # A block by another encoder is encoded again as a whole.
    reusable = block.count if block.encoder == encoder.name else 0
    rows = [block.vectors[at * width : (at + 1) * width] for at in range(reusable)][: len(messages)]
    # A fork may have been given the vector of a message that was being erased just then.
    rows = [
        bytes(width) if message.deleted else row
        for message, row in zip(messages, rows, strict=False)
    ]
    for message in messages[reusable:]:
        if len(rows) >= least and time.monotonic() >= deadline:
            break
        rows.append(_encode(encoder, message.content) if message.content else bytes(width))
    return rows


def _encode(encoder: encoders.Encoder, content: str) -> bytes:
    return relevance.quantise(encoder.encode([content]))


def encoder_name() -> str:
    """The name of the encoder, as it is stored with vectors; empty without one."""
    encoder = encoders.load_encoder()
    return encoder.name if encoder else ""


def restored(blocks: Sequence[Block]) -> dict[int, Vector]:
    """Unpack the unit vectors of messages that have one, by `seq`."""
    encoder = encoder_name()
    vectors: dict[int, Vector] = {}
    for block in blocks:
        # Vectors of two encoders cannot be compared.
        if block.vectors and block.encoder == encoder:
            rows = relevance.restore(block.vectors, DIMENSIONS)
            present = np.asarray(rows.any(axis=1))
            vectors |= {
                block.first_seq + at: row for at, row in enumerate(rows) if bool(present[at])
            }
    return vectors


def window_message(
    message: Message, *, vector: Vector | None = None, topic: int | None = None
) -> WindowMessage:
    """A stored message as a candidate for a window."""
    return WindowMessage(
        seq=message.seq,
        role=message.role.value,
        token_count=message.token_count,
        topic=message.topic if topic is None else topic,
        content=parts.worded(message.content, message.parts),
        name=message.name,
        tool_call_ids=tuple(str(call.get("id")) for call in message.tool_calls or ()),
        tool_call_id=message.tool_call_id,
        deleted=message.deleted,
        superseded=message.superseded_by is not None,
        silent=message.is_silent,
        vector=vector,
    )


def query_vector(text: str) -> Vector | None:
    """Encode a query into a unit vector; None without an encoder or for an empty text."""
    encoder = encoders.load_encoder()
    return encoder.encode([text])[0] if encoder and text else None
