"""Vectors by another encoder, beside those that a block has, until they take their place."""

from sessions_app.documents import MessageAnnotations
from sessions_app.domain.annotations import Block, Vectors
from sessions_app.domain.sessions.identifiers import bucket_id
from sessions_app.repository import derived, failures
from sessions_app.repository.annotations.blocks import read_block


@failures.translated
def write_beside(block: Block, made: Vectors) -> bool:
    """Store vectors by another encoder beside the block's; False where the block has changed."""
    unchanged = MessageAnnotations.objects(
        pk=bucket_id(block.session_id, block.first_seq),
        session_id=block.session_id,
        count=block.count,
        # An erasure removes the block, and whoever makes it again leaves this out.
        encoder=block.encoder,
    )
    return bool(
        unchanged.update_one(
            set__next_encoder=made.encoder,
            set__next_count=made.count,
            set__next_vectors=made.vectors,
            set__next_centroids=made.centroids,
        )
    )


@failures.translated
def lacking(*, session_id: str, encoder: str) -> list[int]:
    """Where the blocks begin that have no vectors by `encoder` for each of their messages."""
    only = ("first_seq", "count", "encoder", "next_encoder", "next_count")
    blocks = MessageAnnotations.objects.of_session(session_id).only(*only).order_by("pk")
    stored_blocks = derived.readable(MessageAnnotations, blocks.as_pymongo(), only=only)
    return [
        stored["first_seq"]
        for stored in stored_blocks
        if stored.get("encoder") != encoder
        and (stored.get("next_encoder"), stored.get("next_count")) != (encoder, stored["count"])
    ]


@failures.translated
def change_over(*, session_id: str, seq: int, encoder: str) -> bool:
    """Let a block have the vectors that lie beside its own.

    False where it has none by `encoder` for each of its messages.
    """
    block = read_block(session_id=session_id, seq=seq)
    made = block.beside if block else None
    if block is None or made is None or (made.encoder, made.count) != (encoder, block.count):
        return False
    unchanged = MessageAnnotations.objects(
        pk=bucket_id(session_id, block.first_seq),
        session_id=session_id,
        count=block.count,
        next_encoder=encoder,
        next_count=made.count,
    )
    return bool(
        unchanged.update_one(
            set__encoder=encoder,
            set__vectors=made.vectors,
            set__sketch_centroids=made.centroids,
            unset__next_encoder=True,
            unset__next_count=True,
            unset__next_vectors=True,
            unset__next_centroids=True,
        )
    )
