"""What is refused before a byte is stored."""

import hashlib
import os
from dataclasses import dataclass
from typing import BinaryIO

from django.conf import settings

from sessions_app import tokenizer
from sessions_app.domain import attachments
from sessions_app.domain.attachments import Kind, Upload
from sessions_app.domain.errors import (
    AttachmentEmpty,
    AttachmentRefused,
    AttachmentUnreadable,
    TooLarge,
)
from sessions_app.media import BadPicture, picture_facts
from sessions_app.pace import pace

_BLOCK = 262_144


@dataclass(frozen=True, slots=True)
class Checked:
    """Bytes that may be kept, and what is known of them at once."""

    content: BinaryIO
    kind: Kind
    name: str
    size: int
    sha256: str
    width: int = 0
    height: int = 0


def check(upload: Upload) -> Checked:
    """Look at all of the bytes once; raises AttachmentRefused, BadAttachmentName or TooLarge."""
    content, path = upload.content, upload.path
    name = attachments.checked_name(upload.name, attr=f"{path}.name" if path != "file" else "name")
    size = content.seek(0, os.SEEK_END)
    if not size:
        raise AttachmentEmpty("There are no bytes.", attr=path)
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise TooLarge(
            f"An attachment may have at most {settings.ATTACHMENT_MAX_BYTES} bytes.", attr=path
        )
    with pace.turn():
        kind = attachments.type_of(content)
    if kind is None or kind not in settings.ATTACHMENT_TYPES:
        raise AttachmentRefused(
            f"Files of this kind are not kept; these are: {', '.join(settings.ATTACHMENT_TYPES)}.",
            attr=path,
        )
    try:
        attachments.require_honest(kind, upload.media_type, name)
    except AttachmentRefused as error:
        raise type(error)(error.detail, attr=path) from error
    width, height = _picture(upload) if kind in attachments.PICTURES else (0, 0)
    return Checked(content, kind, name, size, digest(content), width, height)


def _picture(upload: Upload) -> tuple[int, int]:
    try:
        return picture_facts(upload.content, pixels_max=settings.ATTACHMENT_MAX_PIXELS)
    except BadPicture as error:
        raise AttachmentUnreadable(str(error), attr=upload.path) from error


def digest(content: BinaryIO) -> str:
    """The SHA-256 of all of the bytes."""
    content.seek(0)
    hashed = hashlib.sha256()
    while True:
        with pace.turn():
            block = content.read(_BLOCK)
            hashed.update(block)
        if not block:
            break
    return hashed.hexdigest()


def text_of(checked: Checked) -> tuple[str, int]:
    """The text of a text file, as far as it is searched and sent, and its tokens."""
    if checked.kind is not Kind.TEXT:
        return "", 0
    with pace.turn():
        text = attachments.text_in(checked.content, settings.ATTACHMENT_TEXT_CHARS)
        return text, tokenizer.count_tokens(text)
