"""Derived data: what is made of a session's messages, and can be made again.

`blocks` holds vectors and topics of runs of messages, `changeover` the vectors of the encoder that
is to be used next, `topics` how far topics have been judged.
"""

from sessions_app.repository.annotations.blocks import (
    carry,
    forget_session,
    read_block,
    read_blocks,
    read_shifts,
    read_sketches,
    write_block,
)
from sessions_app.repository.annotations.changeover import change_over, lacking, write_beside
from sessions_app.repository.annotations.topics import (
    advance,
    forget_message,
    judge_again,
    with_topics,
)

__all__ = [
    "advance",
    "carry",
    "change_over",
    "forget_message",
    "forget_session",
    "judge_again",
    "lacking",
    "read_block",
    "read_blocks",
    "read_shifts",
    "read_sketches",
    "with_topics",
    "write_beside",
    "write_block",
]
