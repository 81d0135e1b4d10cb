"""What is derived from messages, in blocks of 64: vectors, topics, a sketch of what is said."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sessions_app.domain.limits import ANNOTATION_BLOCK


@dataclass(frozen=True, slots=True)
class Shift:
    """A message that opened a topic. `label` names the topic that it ended."""

    seq: int
    score: float
    label: str


@dataclass(frozen=True, slots=True)
class Vectors:
    """Vectors of a block's first `count` messages, and their means for its sketch."""

    encoder: str
    count: int
    vectors: bytes
    centroids: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """The annotations of the `count` messages from `first_seq` on.

    `vectors` are packed rows of signed bytes (see `relevance_sketch.quantise`), empty without an
    `encoder`; a row of zeros stands for a message without a vector. `terms` and `centroids` are
    the sketch of a full block, empty before. `state` is the judge's after the block's last message
    (`topics.state.TopicState.to_bytes`). `beside` has the vectors by another encoder, which the
    session is about to change to.
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
    beside: "Vectors | None" = None

    @property
    def last_seq(self) -> int:
        """The newest annotated message."""
        return self.first_seq + self.count - 1

    def by(self, encoder: str) -> "Block":
        """This block with the vectors of `encoder`, or without any where it has none of it."""
        if self.encoder == encoder:
            return self
        # Left behind where the block has grown since.
        if self.beside and self.beside.encoder == encoder and self.beside.count == self.count:
            made = self.beside
            return replace(
                self, encoder=encoder, vectors=made.vectors, centroids=made.centroids, beside=None
            )
        return replace(self, encoder="", vectors=b"", centroids=b"", beside=None)


def block_start(seq: int) -> int:
    """The first `seq` of the block that `seq` belongs to."""
    return (seq - 1) // ANNOTATION_BLOCK * ANNOTATION_BLOCK + 1
