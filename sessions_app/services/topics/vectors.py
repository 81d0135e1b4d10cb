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


def going_on_with(block: Block | None) -> encoders.Encoder | None:
    """The encoder of a session's next messages: its last block's, or else the configured one.

    So a session has the vectors of one encoder, until it changes over to another with all of them
    (`changing`).
    """
    if block is not None and block.encoder:
        return encoders.named(block.encoder) or encoders.load_encoder()
    return encoders.load_encoder()


def ranking_by(blocks: Sequence[Block]) -> encoders.Encoder | None:
    """The encoder whose vectors these consecutive blocks have, the configured one if it can be."""
    encoder = encoders.load_encoder()
    made = [block for block in blocks if block.encoder]
    if encoder is None or all(block.by(encoder.name).encoder for block in made):
        return encoder
    return going_on_with(made[-1])


def packed_vectors(
    messages: Sequence[Message],
    block: Block,
    encoder: encoders.Encoder | None,
    *,
    least: int,
    deadline: float,
) -> list[bytes]:
    """A packed vector per message: the stored ones, and new ones for the other messages.

    Once the deadline has passed, by `time.monotonic`, no more than those and the `least` first.
    """
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
        rows.append(packed_vector(message, encoder))
    return rows


def packed_vector(message: Message, encoder: encoders.Encoder) -> bytes:
    """The packed vector of a message; zeros where it says nothing."""
    return _encode(encoder, message.content) if message.content else bytes(DIMENSIONS)


def _encode(encoder: encoders.Encoder, content: str) -> bytes:
    return relevance.quantise(encoder.encode([content]))


def restored(blocks: Sequence[Block], encoder: encoders.Encoder | None = None) -> dict[int, Vector]:
    """Unpack the unit vectors of messages that have one by this encoder, by `seq`.

    None is for the encoder that ranks these blocks.
    """
    encoder = encoder or ranking_by(blocks)
    vectors: dict[int, Vector] = {}
    # Vectors of two encoders cannot be compared.
    for block in [block.by(encoder.name) for block in blocks] if encoder else ():
        if block.vectors:
            rows = relevance.restore(block.vectors, DIMENSIONS)
            present = np.asarray(rows.any(axis=1))
            vectors |= {
                block.first_seq + at: row for at, row in enumerate(rows) if bool(present[at])
            }
    return vectors


def sketch(messages: Sequence[Message], packed: bytes) -> relevance.RunSketch:
    """The sketch of a full block, by its messages and their packed vectors (empty for none)."""
    rows = relevance.restore(packed, DIMENSIONS) if packed else [None] * len(messages)
    return relevance.sketch_run(
        [
            window_message(message, vector=row if row is not None and row.any() else None)
            for message, row in zip(messages, rows, strict=True)
        ]
    )


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


def query_vector(text: str, encoder: encoders.Encoder | None) -> Vector | None:
    """Encode a query into a unit vector; None without an encoder or for an empty text."""
    return encoder.encode_query(text) if encoder and text else None
