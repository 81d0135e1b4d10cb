"""Which type bytes are of, decided by the bytes.

A table of signatures rather than a library: those know hundreds of types, all of which would have
to be refused here, and none of them says whether bytes are text.
"""

import codecs
import io
import mimetypes
import zipfile
from enum import StrEnum
from typing import BinaryIO

from sessions_app.domain.errors import AttachmentTypeMismatch

# Enough for every signature below.
HEAD_BYTES = 64
_BLOCK = 65_536
_ENTRIES_MAX = 10_000
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
_CONTROLS = frozenset(range(32)) - {9, 10, 12, 13} | {127}
# What such a type or name promises is something else than text or a packed file.
_PROMISING = frozenset({"image", "audio", "video", "font"})
# But these are text: drawings in XML, and TypeScript, whose `.ts` is the name of a form of film.
_ALSO_TEXT = frozenset({"image/svg+xml", "video/mp2t"})


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
    content.seek(0)
    try:
        with zipfile.ZipFile(content) as packed:
            names = packed.namelist()[:_ENTRIES_MAX]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return None
    if "[Content_Types].xml" not in names:
        return None
    return next(
        (kind for folder, kind in _OF_OFFICE.items() if any(n.startswith(folder) for n in names)),
        None,
    )


def _is_text(content: BinaryIO) -> bool:
    """Whether all of it is UTF-8 without control characters."""
    content.seek(0)
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := content.read(_BLOCK):
            decoder.decode(block)
            if not _CONTROLS.isdisjoint(block):
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
        if kind is Kind.TEXT and said in _ALSO_TEXT:
            continue
        family = _family(said)
        if family and family != _family(kind) and not (family == "text" and kind is Kind.TEXT):
            detail = f"The content is {kind.value}, not {said[:60]}."
            raise AttachmentTypeMismatch(detail)


def _family(media_type: str) -> str:
    """What must agree: pictures, sounds, PDF and so on; "" for what promises nothing."""
    family = media_type.partition("/")[0]
    if family in _PROMISING:
        return family
    return media_type if media_type == Kind.PDF or media_type.startswith(_OFFICE) else ""


def text_in(content: BinaryIO, most: int) -> str:
    """The first `most` characters of a text file."""
    content.seek(0)
    # A character has at most four bytes; one that is cut at the end is left out.
    text = content.read(4 * most + 3).decode("utf-8-sig", errors="ignore")[:most]
    return io.IncrementalNewlineDecoder(None, translate=True).decode(text, final=True)
