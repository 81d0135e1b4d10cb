"""Which type bytes are of, decided by the bytes.

A table of signatures rather than a library: those know hundreds of types, all of which would have
to be refused here, and none of them says whether bytes are text.
"""

import codecs
import io
import mimetypes
import os
import zipfile
from enum import StrEnum
from typing import BinaryIO

from sessions_app.domain.errors import AttachmentTypeMismatch

# Enough for every signature below.
HEAD_BYTES = 64
_BLOCK = 65_536
# Of an office file, the list of what is packed in it: some ten thousand entries.
_DIRECTORY_MAX_BYTES = 1_048_576
# The end of a packed file, with a comment of at most 65,535 bytes; and that of a larger form.
_END, _END_BYTES, _END_64 = b"PK\x05\x06", 22, b"PK\x06\x07"
_END_MAX_BYTES = _END_BYTES + 65_535
_OFFICE = "application/vnd.openxmlformats-officedocument."


class Kind(StrEnum):
    """The types that can be kept; ATTACHMENT_TYPES says which are."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    GIF = "image/gif"
    WEBP = "image/webp"
    PDF = "application/pdf"
    TEXT = "text/plain"
    WAV = "audio/wav"
    MP3 = "audio/mpeg"
    OGG = "audio/ogg"
    FLAC = "audio/flac"
    MP4_AUDIO = "audio/mp4"
    DOCX = _OFFICE + "wordprocessingml.document"
    XLSX = _OFFICE + "spreadsheetml.sheet"
    PPTX = _OFFICE + "presentationml.presentation"


PICTURES = frozenset({Kind.PNG, Kind.JPEG, Kind.GIF, Kind.WEBP})
OFFICE = frozenset({Kind.DOCX, Kind.XLSX, Kind.PPTX})
_BEGINNINGS: tuple[tuple[bytes, Kind], ...] = (
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"%PDF-", Kind.PDF),
    (b"OggS", Kind.OGG),
    (b"fLaC", Kind.FLAC),
    (b"ID3", Kind.MP3),
)
_OF_OFFICE = {"word/": Kind.DOCX, "xl/": Kind.XLSX, "ppt/": Kind.PPTX}
_RIFF = {b"WEBP": Kind.WEBP, b"WAVE": Kind.WAV}
# MPEG-1 and -2, layer III, with and without a checksum.
_MP3_FRAMES = frozenset({b"\xff\xfb", b"\xff\xfa", b"\xff\xf3", b"\xff\xf2"})
_CONTROLS = bytes({*range(32), 127} - {9, 10, 12, 13})
# What begins so says what the content is; `application` may be anything.
_PROMISING = frozenset({"image", "audio", "video", "font", "text"})
# But for these, which are text. `mimetypes` takes TypeScript (.ts) for a film.
_IN_TEXT = frozenset(
    {
        "image/svg+xml",
        "image/x-portable-anymap",
        "image/x-portable-bitmap",
        "image/x-portable-graymap",
        "image/x-portable-pixmap",
        "image/x-xbitmap",
        "image/x-xpixmap",
        "audio/mpegurl",
        "audio/x-mpegurl",
        "audio/x-scpls",
        "video/mp2t",
    }
)


def type_of(content: BinaryIO) -> Kind | None:
    """The type of these bytes; None for one that is not kept. Reads from the beginning."""
    content.seek(0)
    head = content.read(HEAD_BYTES)
    for beginning, kind in _BEGINNINGS:
        if head.startswith(beginning):
            return kind
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return Kind.MP4_AUDIO if head[8:12] == b"M4A " else None
    if head[:2] in _MP3_FRAMES:
        return Kind.MP3
    if head[:4] == b"PK\x03\x04":
        return _packed(content)
    return Kind.TEXT if _is_text(content) else None


def _packed(content: BinaryIO) -> Kind | None:
    """The type of an office file; only its directory is read, nothing is unpacked."""
    if not 0 < _directory_bytes(content) <= _DIRECTORY_MAX_BYTES:
        return None
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as packed:
            names = packed.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if "[Content_Types].xml" not in names:
        return None
    return next(
        (kind for folder, kind in _OF_OFFICE.items() if any(n.startswith(folder) for n in names)),
        None,
    )


def _directory_bytes(content: BinaryIO) -> int:
    """How long a packed file's directory is, by its end (APPNOTE.TXT, 4.3.16); 0 without one.

    What is larger than 4 GB has an end of another form, and is larger than anything kept here.
    """
    size = content.seek(0, os.SEEK_END)
    content.seek(max(0, size - _END_MAX_BYTES))
    end = content.read()
    at = end.rfind(_END)
    if at < 0 or len(end) < at + _END_BYTES or _END_64 in end:
        return 0
    return int.from_bytes(end[at + 12 : at + 16], "little")


def _is_text(content: BinaryIO) -> bool:
    """Whether all of it is UTF-8 without control characters."""
    content.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := content.read(_BLOCK):
            decoder.decode(block)
            # In one call: byte by byte, megabytes would hold up every other request.
            if len(block.translate(None, _CONTROLS)) < len(block):
                return False
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def require_honest(kind: Kind, declared: str, name: str) -> None:
    """Raise AttachmentRefused where the type or the name said is one of another family.

    Within a family the bytes decide: many programs call every picture a PNG.
    """
    declared = declared.partition(";")[0].strip().lower()
    by_name = mimetypes.guess_type(name, strict=False)[0] or ""
    for said in (declared, by_name):
        family = _family(said)
        if family and family != _family(kind):
            detail = f"The content is {kind.value}, not {said[:60]}."
            raise AttachmentTypeMismatch(detail)


def _family(media_type: str) -> str:
    """What must agree: pictures, text, PDF and so on; "" for what promises nothing."""
    family = media_type.partition("/")[0]
    if family in _PROMISING:
        return "text" if media_type in _IN_TEXT else family
    return media_type if media_type == Kind.PDF or media_type.startswith(_OFFICE) else ""


def text_in(content: BinaryIO, most: int) -> str:
    """The first `most` characters of a text file."""
    content.seek(0)
    # A character has at most four bytes; one that is cut at the end is left out.
    text = content.read(4 * most + 3).decode("utf-8-sig", errors="ignore")[:most]
    return io.IncrementalNewlineDecoder(None, translate=True).decode(text, final=True)
