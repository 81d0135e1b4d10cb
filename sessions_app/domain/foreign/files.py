"""Pictures, files and sounds of other programs' messages."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sessions_app.domain.limits import PART_NAME_MAX_CHARS, PART_URL_MAX_CHARS
from sessions_app.domain.parts import AUDIO, FILE, IMAGE, Part
from sessions_app.domain.texts.text import storable

_DATA_URL = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+)*?;base64,", re.ASCII)
_NOT_IN_A_NAME = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202f\ufeff]+")


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """What a message has beside its text.

    Its bytes are `content`, or lie in the archive under a name that begins with `reference`, or
    that is `name`; or its program only had a `url`. What is `transcribed` stands in the message's
    text as well.
    """

    kind: str
    name: str = ""
    media_type: str = ""
    reference: str = ""
    content: bytes | None = None
    url: str = ""
    transcribed: bool = False

    @property
    def in_words(self) -> str:
        """What stands in the text of a message whose file cannot come along."""
        known = self.name or self.reference or self.url or self.media_type
        return f"[{self.kind} not imported: {known or 'without a name'}]"


class Unattached(Exception):
    """A file cannot come along; the message is the reason."""


Attach = Callable[[ForeignFile], Part]
"""Keeps a file, and gives the part that refers to it; raises Unattached."""


def kind_of(media_type: object, default: str = FILE) -> str:
    """The kind of part for a media type such as `image/png`, or `image` alone."""
    family = media_type.partition("/")[0] if isinstance(media_type, str) else ""
    return family if family in (IMAGE, AUDIO) else default


def file_name(value: object) -> str:
    """A name that a file may have; "" for what is none."""
    if not isinstance(value, str):
        return ""
    base = re.split(r"[/\\]", storable(value))[-1]
    return _NOT_IN_A_NAME.sub("", base).strip().strip(".")[-PART_NAME_MAX_CHARS:]


def of_url(url: object, *, kind: str, name: str = "") -> ForeignFile | None:
    """The file of an address: its bytes where they are in it; None for what is no address."""
    if not isinstance(url, str) or not url:
        return None
    if url.startswith("data:"):
        return _of_data(url, kind, name)
    if url.startswith(("http://", "https://")) and len(url) <= PART_URL_MAX_CHARS:
        return ForeignFile(kind, name, url=storable(url))
    return ForeignFile(kind, name or file_name(url), reference=file_name(url))


def _of_data(url: str, kind: str, name: str) -> ForeignFile:
    begun = _DATA_URL.match(url)
    media_type = (begun["type"] or "") if begun else ""
    return of_base64(url[begun.end() :] if begun else "", kind, name, media_type)


def of_base64(data: Any, kind: str, name: str, media_type: str) -> ForeignFile:
    """A file from base64; without its bytes where that is damaged."""
    kind = kind_of(media_type, kind)
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError, TypeError):
        content = b""
    return ForeignFile(kind, name, media_type, content=content or None)
