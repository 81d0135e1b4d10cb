"""Blocks of annotations: the vectors and topics of a run of messages, and a sketch of it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

from mongoengine import NotUniqueError

from sessions_app.documents import MessageAnnotations
from sessions_app.domain.annotations import Block, Shift, Vectors, block_start
from sessions_app.domain.limits import ANNOTATION_BLOCK
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.repository import derived, failures
from sessions_app.repository.log import Stored

_OF_SKETCHES = (
    "session_id", "first_seq", "count", "encoder", "sketch_terms", "sketch_centroids",
    "next_encoder", "next_count", "next_centroids",
)  # fmt: skip
_OF_SHIFTS = {field.name for field in fields(Shift)}


@failures.translated
def read_blocks(*, session_id: str, ranges: Sequence[tuple[int, int]]) -> list[Block]:
    """The blocks with annotations of the messages of each range (both ends included), in order."""
    if not ranges:
        return []
    spans = [
        {
            "_id": {
                "$gte": bucket_id(session_id, block_start(max(first, 1))),
                "$lte": bucket_id(session_id, last),
            }
        }
        for first, last in ranges
    ]
    blocks = MessageAnnotations.objects(session_id=session_id, __raw__={"$or": spans})
    # As dictionaries: a window reads dozens, and a document copies each block's vectors.
    stored_blocks = blocks.exclude("state").order_by("pk").as_pymongo()
    return [_block(stored) for stored in derived.readable(MessageAnnotations, stored_blocks)]


@failures.translated
def read_sketches(*, session_id: str, before: int, limit: int) -> list[Block]:
    """The sketches of the newest `limit` full blocks that end before the message `before`.

    Only what choosing among them takes: no vectors of messages, no topics.
    """
    blocks = (
        MessageAnnotations.objects(
            pk__gte=f"{session_id}/",
            pk__lt=bucket_id(session_id, block_start(before)),
            session_id=session_id,
        )
        .only(*_OF_SKETCHES)
        .order_by("-pk")
        .limit(limit)
    )
    stored_blocks = derived.readable(MessageAnnotations, blocks.as_pymongo())
    newest = [_block(stored) for stored in stored_blocks]
    # Only the newest block can be short of messages; it has no sketch yet.
    return [block for block in reversed(newest) if block.count == ANNOTATION_BLOCK]


@failures.translated
def read_shifts(*, session_id: str) -> list[Shift]:
    """Every shift of a session, in order."""
    blocks = MessageAnnotations.objects.of_session(session_id).only("shifts").order_by("pk")
    stored_blocks = derived.readable(MessageAnnotations, blocks.as_pymongo(), only=("shifts",))
    return [shift for stored in stored_blocks for shift in _shifts(stored)]


@failures.translated
def read_block(*, session_id: str, seq: int) -> Block | None:
    """The block that the message `seq` belongs to, with the judge's state; None without one."""
    blocks = MessageAnnotations.objects.starting_at(session_id, block_start(seq))
    stored = next(derived.readable(MessageAnnotations, blocks.as_pymongo()), None)
    return None if stored is None else _block(stored)


@failures.translated
def write_block(block: Block, *, replacing: int | None) -> bool:
    """Store a block in place of one that had `replacing` messages (None: there was none).

    False when another worker has written it meanwhile.
    """
    if replacing is None:
        # Two workers may annotate the same first messages: the block's id lets one of them do it.
        try:
            MessageAnnotations(**_fields(block)).save(force_insert=True)
        except NotUniqueError:
            return False
        return True
    block_id, values = bucket_id(block.session_id, block.first_seq), _fields(block)
    unchanged = MessageAnnotations.objects(
        pk=block_id, session_id=values.pop("session_id"), count=replacing
    )
    # Querysets have no `replace_one`; setting every field is the same.
    del values["block_id"]
    return bool(unchanged.update_one(**{f"set__{name}": value for name, value in values.items()}))


@failures.translated
def carry(*, source_id: str, fork_id: str, up_to_seq: int) -> None:
    """Give a fork the vectors of the messages that it shares, which take long to make.

    Topics are judged anew from them, which takes a moment.
    """
    # Unvalidated dictionaries would do, but a fork has few blocks.
    blocks = [
        MessageAnnotations(**_fields(_carried(block, fork_id, up_to_seq)))
        for block in map(_block, MessageAnnotations.objects.of_session(source_id).as_pymongo())
        if block.first_seq <= up_to_seq and block.encoder
    ]
    if blocks:
        MessageAnnotations.objects.insert(blocks, load_bulk=False)


def _carried(block: Block, fork_id: str, up_to_seq: int) -> Block:
    count = min(block.count, up_to_seq - block.first_seq + 1)
    width = len(block.vectors) // block.count if block.count else 0
    cut = replace(
        block,
        session_id=fork_id,
        count=count,
        vectors=block.vectors[: count * width],
        topics=(),
        shifts=(),
        state=b"",
    )
    # A sketch is of all messages of its block.
    return cut if count == block.count else replace(cut, terms=b"", centroids=b"")


@failures.translated
def forget_session(*, session_id: str) -> None:
    """Remove all annotations of a session; they are made again if it is still there."""
    MessageAnnotations.objects.of_session(session_id).delete()


def _fields(block: Block) -> Stored:
    return {
        "block_id": bucket_id(block.session_id, block.first_seq),
        "session_id": block.session_id,
        "first_seq": block.first_seq,
        "count": block.count,
        "encoder": block.encoder,
        "vectors": block.vectors,
        "topics": list(block.topics),
        "shifts": [asdict(shift) for shift in block.shifts],
        "sketch_terms": block.terms,
        "sketch_centroids": block.centroids,
        "state": block.state,
    }


def _block(stored: Mapping[str, Any]) -> Block:
    return Block(
        session_id=stored["session_id"],
        first_seq=stored["first_seq"],
        count=stored["count"],
        # What was not read is empty, as is what no encoder was there to make.
        encoder=stored.get("encoder", ""),
        vectors=stored.get("vectors", b""),
        topics=stored.get("topics", ()),
        shifts=_shifts(stored),
        terms=stored.get("sketch_terms", b""),
        centroids=stored.get("sketch_centroids", b""),
        state=stored.get("state", b""),
        beside=_beside(stored),
    )


def _beside(stored: Mapping[str, Any]) -> Vectors | None:
    if not stored.get("next_encoder"):
        return None
    return Vectors(
        encoder=stored["next_encoder"],
        count=stored.get("next_count", 0),
        vectors=stored.get("next_vectors", b""),
        centroids=stored.get("next_centroids", b""),
    )


def _shifts(stored: Mapping[str, Any]) -> list[Shift]:
    return [Shift(**shift) for shift in stored.get("shifts", ()) if shift.keys() == _OF_SHIFTS]
