"""Brings a session's vectors to another encoder, while windows are ranked by those it has.

New vectors are stored beside the old ones, block by block. When each block has them, all change
over, and topics are judged again from them. Whoever stops in between goes on later: what lies
beside a block is not made again.
"""

from collections.abc import Sequence

from sessions_app.domain.annotations import Block, Vectors
from sessions_app.domain.data import Session
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.encoders import Encoder
from sessions_app.repository import annotations as stored
from sessions_app.repository import log
from sessions_app.services.topics import vectors
from sessions_app.services.topics.annotations import forget_erased, with_attached

# A session that is written to meanwhile is gone through again; after so many times, the next run
# of `rebuild_annotations --only-missing` goes on.
_ROUNDS = 10


def change_encoder(session: Session, starts: Sequence[int], encoder: Encoder) -> bool:
    """Encode the blocks that begin at `starts` by `encoder`, then change over to its vectors.

    True when the whole session has changed over. Raises SessionNotFound.
    """
    session_id = session.session_id
    encoded: set[int] = set()
    left = list(starts)
    for _ in range(_ROUNDS):
        for start in left:
            _encode_beside(session, start, encoder)
        encoded |= {*left}
        left = stored.lacking(session_id=session_id, encoder=encoder.name)
        if not left:
            break
    else:
        return False
    for start in sorted(encoded):
        stored.change_over(session_id=session_id, seq=start, encoder=encoder.name)
    return not stored.lacking(session_id=session_id, encoder=encoder.name)


def _encode_beside(session: Session, start: int, encoder: Encoder) -> None:
    block = stored.read_block(session_id=session.session_id, seq=start)
    if block is None:
        return
    rows = _rows_beside(block, encoder)
    if len(rows) == block.count:
        return
    _, messages = log.read_range(
        session_id=session.session_id, user_id=session.user_id, first=start, last=block.last_seq
    )
    full_messages = with_attached(messages)
    rows += [vectors.packed_vector(message, encoder) for message in full_messages[len(rows) :]]
    packed = b"".join(rows)
    full = block.count == ANNOTATION_BLOCK
    centroids = vectors.sketch(full_messages, packed).centroids if full else b""
    stored.write_beside(block, Vectors(encoder.name, len(rows), packed, centroids))
    forget_erased(session, messages)


def _rows_beside(block: Block, encoder: Encoder) -> list[bytes]:
    """The vectors by `encoder` that lie beside a block's, in rows."""
    made = block.beside
    if made is None or made.encoder != encoder.name:
        return []
    width = vectors.DIMENSIONS
    return [made.vectors[at * width : (at + 1) * width] for at in range(made.count)]
