"""What is derived from messages, in blocks of 64: vectors, topics, a sketch of what is said."""

from collections.abc import Sequence
from dataclasses import dataclass

from sessions_app.domain.limits import ANNOTATION_BLOCK


@dataclass(frozen=True, slots=True)
class Shift:
    """A message that opened a topic. `label` names the topic that it ended."""

    seq: int
    score: float
    label: str


@dataclass(frozen=True, slots=True)
class Block:
    """The annotations of the `count` messages from `first_seq` on.

    `vectors` are packed rows of signed bytes (see `relevance_sketch.quantise`), empty without an
    `encoder`; a row of zeros stands for a message without a vector. `terms` and `centroids` are
    the sketch of a full block, empty before. `state` is the judge's after the block's last message
    (`topics.state.TopicState.to_bytes`).
    """

    session_id: str
    first_seq: int
    count: int = 0
    encoder: str = ""
    vectors: bytes = b""
    topics: Sequence[int] = ()
    shifts: Sequence[Shift] = ()
    terms: bytes = b""
    centroids: bytes = b""
    state: bytes = b""

    @property
    def last_seq(self) -> int:
        """The newest annotated message."""
        return self.first_seq + self.count - 1


def block_start(seq: int) -> int:
    """The first `seq` of the block that `seq` belongs to."""
    return (seq - 1) // ANNOTATION_BLOCK * ANNOTATION_BLOCK + 1
