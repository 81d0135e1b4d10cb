"""How a session's messages are split: the tail in its own document, older runs in buckets."""

from collections.abc import Sequence

from sessions_app.domain.limits import (
    BUCKET_MAX_BYTES,
    BUCKET_MAX_MESSAGES,
    TAIL_KEEP_MESSAGES,
    TAIL_MAX_BYTES,
    TAIL_MAX_MESSAGES,
)


def next_run(sizes: Sequence[int]) -> int:
    """How many of a tail's oldest messages should move to the next bucket; 0 when it is in bounds.

    `sizes` are the messages' bytes, oldest first. A run holds at most BUCKET_MAX_MESSAGES and
    BUCKET_MAX_BYTES (but always one message). Too many messages shrink the tail to
    TAIL_KEEP_MESSAGES; too many bytes move as much as exceeds them, even the newest message.
    """
    surplus_messages = len(sizes) - TAIL_KEEP_MESSAGES if len(sizes) > TAIL_MAX_MESSAGES else 0
    surplus_bytes = sum(sizes) - TAIL_MAX_BYTES
    taken = taken_bytes = 0
    while taken < len(sizes) and (taken < surplus_messages or taken_bytes < surplus_bytes):
        full = taken == BUCKET_MAX_MESSAGES or taken_bytes + sizes[taken] > BUCKET_MAX_BYTES
        if taken and full:
            break
        taken_bytes += sizes[taken]
        taken += 1
    return taken


def runs(sizes: Sequence[int]) -> list[int]:
    """The lengths of all runs to move, oldest first, until the rest is a tail in bounds."""
    lengths: list[int] = []
    start = 0
    while length := next_run(sizes[start:]):
        lengths.append(length)
        start += length
    return lengths
