"""A picture's size and its position, without decoding it; and small pictures blurred."""

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO, NamedTuple

from PIL import Image, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "GIF", "WEBP")
# Exif 2.32, 4.6.3: the directory of what a satellite receiver said.
GPS_DIRECTORY = 0x8825
# Exif 2.32, 4.6.4: which way is up, and the values of a picture that lies on its side.
ORIENTATION = 0x0112
_ON_ITS_SIDE = frozenset({5, 6, 7, 8})
# Too few pixels for a face or a line of text.
BLURRED = (8, 6)


class BadPicture(Exception):
    """No picture of a known form, or one that would take too much memory."""


class PictureFacts(NamedTuple):
    """A picture's width and height in pixels, as it is meant to be seen."""

    width: int
    height: int


def picture_facts(content: BinaryIO, *, pixels_max: int) -> PictureFacts:
    """The size that a picture's first bytes say; raises BadPicture."""
    with _opened(content) as picture:
        width, height = picture.size
        facts = PictureFacts(height, width) if _lies(picture) else PictureFacts(width, height)
    if facts.width * facts.height > pixels_max:
        raise BadPicture(
            f"A picture may have at most {pixels_max:,} pixels; this one has "
            f"{facts.width:,} by {facts.height:,}."
        )
    return facts


def _lies(picture: Image.Image) -> bool:
    """Whether it is stored on its side, as cameras do that were held upright."""
    if picture.format == "PNG":
        # Pillow would decode all of it first.
        return False
    # Whatever is wrong with it: who decodes the picture has to say.
    with suppress(Exception):
        return picture.getexif().get(ORIENTATION) in _ON_ITS_SIDE
    return False


def blurred(thumbnail: BinaryIO) -> bytes:
    """A small picture so coarse that only its colours can be made out, as WebP.

    Only for those that the reader has made, as this process decodes it. Raises BadPicture.
    """
    made = io.BytesIO()
    try:
        with Image.open(thumbnail, formats=["WEBP"]) as picture:
            coarse = picture.convert("RGB").resize(BLURRED, Image.Resampling.BOX)
            coarse.save(made, "WEBP", quality=60)
    except (OSError, ValueError, UnidentifiedImageError) as error:
        raise BadPicture("The small picture cannot be read.") from error
    return made.getvalue()


def has_position(content: BinaryIO) -> bool:
    """Whether a picture says where it was taken; raises BadPicture."""
    with _opened(content) as picture:
        if picture.format == "PNG":
            # Pillow would decode all of it first, as what is asked for may stand at its end.
            return not _MAY_SAY.isdisjoint(_chunks(content))
        try:
            return any(map(_says_so, _views(picture)))
        except Exception as error:
            raise BadPicture("The picture's own description cannot be read.") from error


def _views(picture: Image.Image) -> Iterator[Image.Image]:
    """The picture; of several in one JPEG, as some telephones make them, each in its turn."""
    yield picture
    if picture.format == "MPO":
        for number in range(1, min(getattr(picture, "n_frames", 1), _VIEWS_MAX)):
            picture.seek(number)
            yield picture


def _says_so(picture: Image.Image) -> bool:
    return bool(picture.getexif().get_ifd(GPS_DIRECTORY)) or "xmp" in picture.info


# PNG, 11.3: photographers' facts, and text, in which some programs write the same.
_MAY_SAY = frozenset({b"eXIf", b"iTXt"})
_CHUNKS_MAX = 100_000
_VIEWS_MAX = 16


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    """The types of a PNG's chunks (PNG, 5.3), of which only the heads are read."""
    content.seek(8)
    for _ in range(_CHUNKS_MAX):
        head = content.read(8)
        if len(head) < 8:
            return
        yield head[4:]
        content.seek(int.from_bytes(head[:4], "big") + 4, os.SEEK_CUR)


def _opened(content: BinaryIO) -> Image.Image:
    content.seek(0)
    try:
        with warnings.catch_warnings():
            # Pillow's own bound, which this one is below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return Image.open(content, formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise BadPicture("The picture has too many pixels.") from error
    # A stranger's bytes: Pillow's readers also fail by an assertion or a missing key.
    except Exception as error:
        raise BadPicture("The content is no picture that can be read.") from error
