"""The process that reads one file: `python -m sessions_app.media.reader ACTION` and its limits.

The file is its standard input, what it makes its standard output. It has no secrets, and imports
nothing of the service. Whatever goes wrong ends it; whoever has started it needs no reason.
"""

import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from xml.etree import ElementTree

_TEXT_PARTS = ("word/document.xml", "xl/sharedStrings.xml", "ppt/slides/")
# What one part of an office file may unpack to.
_PART_MAX_BYTES = 32 * 1024 * 1024
_MEGABYTE = 1024 * 1024


def limit(memory: int, seconds: int) -> None:
    """From here on the kernel ends this process where it takes more."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * _MEGABYTE, 64 * _MEGABYTE))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def thumbnail(pixels: int, side: int) -> bytes:
    """A small picture of the first frame, as it is meant to be seen, without anything beside it."""
    from PIL import Image, ImageOps

    from sessions_app.media.pictures import FORMATS

    Image.MAX_IMAGE_PIXELS = pixels
    with Image.open(sys.stdin.buffer, formats=FORMATS) as picture:
        picture.draft("RGB", (side, side))
        upright = ImageOps.exif_transpose(picture)
        upright.thumbnail((side, side))
        made = io.BytesIO()
        form = "RGBA" if upright.mode in {"RGBA", "LA", "P", "PA"} else "RGB"
        upright.convert(form).save(made, "WEBP", quality=80)
    return made.getvalue()


def without_position(pixels: int, _: int) -> bytes:
    """The same picture in the same form without where it was taken; its other facts stay."""
    from PIL import Image, ImageSequence
    from PIL.JpegImagePlugin import get_sampling
    from PIL.MpoImagePlugin import MpoImageFile

    from sessions_app.media.pictures import FORMATS, GPS_DIRECTORY

    Image.MAX_IMAGE_PIXELS = pixels
    with Image.open(sys.stdin.buffer, formats=FORMATS) as picture:
        exif = picture.getexif()
        if GPS_DIRECTORY in exif:
            del exif[GPS_DIRECTORY]
        form = picture.format or "PNG"
        kept = {"exif": exif.tobytes(), "icc_profile": picture.info.get("icc_profile")}
        if isinstance(picture, MpoImageFile):
            # Some telephones put several pictures into one: the first is the one that is shown.
            form = "JPEG"
            kept |= {"qtables": picture.quantization, "subsampling": get_sampling(picture)}
        elif form == "JPEG":
            kept |= {"quality": "keep", "optimize": False}
        elif getattr(picture, "n_frames", 1) > 1:
            kept |= {
                "save_all": True,
                "append_images": list(ImageSequence.Iterator(picture))[1:],
                "duration": picture.info.get("duration", 100),
                "loop": picture.info.get("loop", 0),
            }
        if form == "WEBP":
            kept |= {"lossless": True}
        picture.info.pop("xmp", None)
        picture.seek(0)
        made = io.BytesIO()
        picture.save(made, form, **{name: value for name, value in kept.items() if value})
    return made.getvalue()


def text(characters: int, _: int) -> bytes:
    """The text of a PDF or an office file, up to so many characters."""
    content = io.BytesIO(sys.stdin.buffer.read())
    pieces = _pdf(content) if content.getvalue()[:5] == b"%PDF-" else _office(content)
    taken: list[str] = []
    left = characters
    for piece in pieces:
        taken.append(piece[:left])
        left -= len(piece)
        if left <= 0:
            break
    return "\n".join(filter(None, map(str.strip, taken))).encode(errors="ignore")


def _pdf(content: io.BytesIO) -> Iterator[str]:
    from pypdf import PdfReader

    document = PdfReader(content)
    if document.is_encrypted and not document.decrypt(""):
        raise ValueError("encrypted")
    for page in document.pages:
        yield page.extract_text()


def _office(content: io.BytesIO) -> Iterator[str]:
    with zipfile.ZipFile(content) as packed:
        for name in sorted(packed.namelist()):
            if not (name.startswith(_TEXT_PARTS) and name.endswith(".xml")):
                continue
            with packed.open(name) as part:
                written = part.read(_PART_MAX_BYTES + 1)
            # An XML bomb needs a declaration of its own, which office files never have.
            if len(written) > _PART_MAX_BYTES or b"<!DOCTYPE" in written[:1024]:
                raise ValueError("too large")
            yield from _paragraphs(written)


def _paragraphs(written: bytes) -> Iterator[str]:
    line: list[str] = []
    for _, element in ElementTree.iterparse(io.BytesIO(written)):  # noqa: S314 - without DOCTYPE
        tag = element.tag.rpartition("}")[2]
        if tag == "t" and element.text:
            line.append(element.text)
        elif tag in {"p", "si"} and line:
            yield "".join(line)
            line = []
    if line:
        yield "".join(line)


ACTIONS = {"thumbnail": thumbnail, "without_position": without_position, "text": text}


def main() -> None:
    """Read the limits, keep to them, and write what has been made."""
    action, words = sys.argv[1], json.loads(sys.argv[2])
    limit(words["memory"], words["seconds"])
    sys.stdout.buffer.write(ACTIONS[action](words["most"], words["side"]))


if __name__ == "__main__":
    main()
