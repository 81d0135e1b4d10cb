"""Gives an attachment and its bytes to its owner."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app.domain.attachments import FILE_PREFIX, Attachment, own_id
from sessions_app.domain.errors import AttachmentNotFound
from sessions_app.domain.sessions import lifecycle
from sessions_app.repository import attachments as store
from sessions_app.services.attachments.removing import remove_unused

THUMBNAIL_TYPE = "image/webp"


@dataclass(frozen=True, slots=True)
class Content:
    """Bytes that may be read in ranges; `digest` tells them from others."""

    attachment: Attachment
    media_type: str
    size: int
    digest: str
    blob: str

    def pieces(self, first: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes from `first` on."""
        return store.blobs.read(self.blob, first, self.size - first if length is None else length)


def attachment_get(*, attachment_id: str, user_id: str) -> Attachment:
    """What is known of an attachment; raises AttachmentNotFound."""
    known_id = own_id(attachment_id)
    if known_id is None:
        raise AttachmentNotFound
    return store.facts.read(known_id, user_id=user_id)


def attachment_content(*, attachment_id: str, user_id: str, thumbnail: bool = False) -> Content:
    """An attachment's bytes, or those of its small picture; raises AttachmentNotFound."""
    attachment = attachment_get(attachment_id=attachment_id, user_id=user_id)
    blob = store.facts.blob_of(attachment.attachment_id, user_id=user_id, thumbnail=thumbnail)
    if not thumbnail:
        digest = attachment.content_sha256
        return Content(attachment, attachment.media_type, attachment.size, digest, blob)
    size = store.blobs.length(blob)
    return Content(attachment, THUMBNAIL_TYPE, size, f"{attachment.content_sha256}-small", blob)


def attachment_usage(*, user_id: str) -> tuple[int, int]:
    """How many attachments a user has, and how many bytes they are."""
    return store.facts.usage(user_id)


def file_get(*, file_id: str, user_id: str) -> Attachment:
    """A file of the OpenAI wire; raises AttachmentNotFound."""
    attachment = attachment_get(attachment_id=file_id, user_id=user_id)
    if attachment.purpose is None or not file_id.startswith(FILE_PREFIX):
        raise AttachmentNotFound("No such file.")
    return attachment


def file_content(*, file_id: str, user_id: str) -> Content:
    """The bytes of a file of the OpenAI wire, or of what an item refers to by such an id.

    Raises AttachmentNotFound.
    """
    if not file_id.startswith(FILE_PREFIX):
        raise AttachmentNotFound("No such file.")
    return attachment_content(attachment_id=file_id, user_id=user_id)


def files_list(
    *, user_id: str, after: str | None, limit: int, purpose: str | None
) -> tuple[Sequence[Attachment], bool]:
    """A page of a user's files of the OpenAI wire, and whether there are more."""
    behind = own_id(after) or "" if after else ""
    page = store.facts.list_files(user_id=user_id, after=behind, limit=limit + 1, purpose=purpose)
    return page[:limit], len(page) > limit


def file_delete(*, file_id: str, user_id: str, now: datetime) -> None:
    """Delete a file; its bytes stay as long as a message refers to them.

    Raises AttachmentNotFound.
    """
    attachment = file_get(file_id=file_id, user_id=user_id)
    now = lifecycle.to_milliseconds(now)
    if not store.facts.forget_purpose(attachment.attachment_id, user_id=user_id, check_at=now):
        raise AttachmentNotFound("No such file.")
    remove_unused(user_id=user_id, now=now)
