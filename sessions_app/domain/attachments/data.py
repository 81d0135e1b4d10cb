"""What is known of an attachment, and how it is named."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

PREFIX, FILE_PREFIX = "att_", "file-"
_DIGITS = 32
ID_PATTERN = r"(?:att_|file-)[0-9a-f]{32}"
_ID = re.compile(ID_PATTERN)


@dataclass(frozen=True, slots=True)
class Attachment:
    """Bytes that a user has sent, once for all the messages that refer to them.

    `sha256` is the digest of what was sent, which tells whether it is there already;
    `content_sha256` that of what is kept, which differs where a picture's position was taken out.
    `name` is the one that it was first sent under. `width` and `height` are a picture's. `text` is
    what can be read in a file, `text_tokens` its cost; `note` says why none could be read.
    `thumbnail` is whether there is a small picture of it. `purpose` is set on a file of the OpenAI
    wire, which stays until it is deleted there.
    """

    attachment_id: str
    user_id: str
    sha256: str
    content_sha256: str
    media_type: str
    size: int
    name: str
    created_at: datetime
    width: int = 0
    height: int = 0
    text: str = ""
    text_tokens: int = 0
    note: str = ""
    thumbnail: bool = False
    purpose: str | None = None

    @property
    def file_id(self) -> str:
        """Its name on the OpenAI wire."""
        return file_id_of(self.attachment_id)

    @property
    def kind(self) -> str:
        """The type of a part that refers to it: `image`, `audio` or `file`."""
        return family_of(self.media_type)


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes as a client sends them, with what it says of them; nothing has been checked."""

    content: BinaryIO
    name: str = ""
    media_type: str = ""
    path: str = "file"


def family_of(media_type: str) -> str:
    """The type of a part of this media type: `image`, `audio` or `file`."""
    family = media_type.partition("/")[0]
    return family if family in {"image", "audio"} else "file"


def attachment_id(user_id: str, sha256: str) -> str:
    """The id of this content of this user: the same for the same, so that it is kept once."""
    digest = hashlib.sha256(f"{user_id}/{sha256}".encode()).hexdigest()
    return PREFIX + digest[:_DIGITS]


def file_id_of(identifier: str) -> str:
    """The id on the OpenAI wire of an attachment."""
    return FILE_PREFIX + identifier.removeprefix(PREFIX)


def own_id(identifier: str) -> str | None:
    """The attachment that an id of either form names; None for an id of another service."""
    if not _ID.fullmatch(identifier):
        return None
    return PREFIX + identifier.removeprefix(PREFIX).removeprefix(FILE_PREFIX)
