"""Bytes in GridFS. A blob is written whole, and is named by nobody until it is.

Its id is random and noted before the first byte, so that what a killed process leaves is found.
"""

import hashlib
from collections.abc import Iterator
from datetime import datetime
from itertools import count, islice
from typing import BinaryIO, cast

from bson import Int64
from gridfs import GridFSBucket
from gridfs.errors import NoFile
from mongoengine import get_db

from sessions_app import clock
from sessions_app.documents import Blob, BlobChunk, UploadInProgress, collection
from sessions_app.documents.attachments import BUCKET
from sessions_app.domain.errors import AttachmentNotFound
from sessions_app.pace import pace
from sessions_app.repository import failures

READ_BYTES = 256 * 1024
# GridFS' own size of a piece, and how many of them go to MongoDB at a time.
_PIECE_BYTES = 255 * 1024
_BURST = 2


def _bucket() -> GridFSBucket:
    return GridFSBucket(get_db(), bucket_name=BUCKET)


@failures.translated
def begin(blob: str, *, user_id: str, now: datetime) -> None:
    """Note that bytes are about to be written under this id."""
    UploadInProgress(blob=blob, user_id=user_id, started_at=now).save(force_insert=True)


@failures.translated
def write(blob: str, content: BinaryIO, *, user_id: str, attachment_id: str) -> None:
    """Write the bytes of `content` from its beginning, in the form of GridFS.

    By the driver: GridFS's own writer sends up to 48 MB at a time, for which others would wait.
    """
    content.seek(0)
    size, numbers = 0, count()
    pieces = iter(lambda: content.read(_PIECE_BYTES), b"")
    while burst := list(islice(pieces, _BURST)):
        size += sum(map(len, burst))
        with pace.turn():
            collection(BlobChunk).insert_many(
                [{"files_id": blob, "n": next(numbers), "data": piece} for piece in burst]
            )
    # Last: a file whose document is there is whole.
    collection(Blob).insert_one(
        {
            "_id": blob,
            "filename": attachment_id,
            "length": Int64(size),
            "chunkSize": _PIECE_BYTES,
            "uploadDate": clock.now(),
            # By the user a proof of an erasure finds them, whatever else is missing.
            "metadata": {"user_id": user_id, "attachment_id": attachment_id},
        }
    )


@failures.translated
def end(blob: str) -> None:
    """The bytes are somebody's now, or are gone."""
    UploadInProgress.objects(pk=blob).delete()


@failures.translated
def delete(blob: str) -> None:
    """Remove bytes, the pieces first: what a crash leaves is still named by its file."""
    BlobChunk.objects(files_id=blob).delete()
    Blob.objects(pk=blob).delete()


@failures.translated
def read(blob: str, first: int = 0, length: int | None = None) -> Iterator[bytes]:
    """Bytes from `first` on, in pieces; raises AttachmentNotFound before the first piece."""
    try:
        stored = _bucket().open_download_stream(blob)
    except NoFile as error:
        raise AttachmentNotFound from error
    stored.seek(first)
    return _pieces(cast(BinaryIO, stored), stored.length - first if length is None else length)


def _pieces(stored: BinaryIO, left: int) -> Iterator[bytes]:
    read_piece = failures.translated(stored.read)
    while left > 0 and (piece := read_piece(min(left, READ_BYTES))):
        left -= len(piece)
        yield piece


@failures.translated
def length(blob: str) -> int:
    """How many bytes there are; raises AttachmentNotFound."""
    stored = Blob.objects(pk=blob).only("length").as_pymongo().first()
    if stored is None:
        raise AttachmentNotFound
    return int(stored["length"])


def digest(blob: str) -> tuple[str, int]:
    """The digest and the size of what is stored; raises AttachmentNotFound."""
    hashed, size = hashlib.sha256(), 0
    for piece in read(blob):
        hashed.update(piece)
        size += len(piece)
    return hashed.hexdigest(), size
