"""Small files of every kind that is kept, made by what makes such files."""

import base64
import io
import wave
import zipfile
import zlib

from PIL import Image
from pypdf import PdfWriter
from pypdf.generic import DictionaryObject, NameObject, StreamObject


def picture(width: int = 64, height: int = 48, form: str = "PNG", colour: str = "red") -> bytes:
    """A picture of one colour."""
    made = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(made, form)
    return made.getvalue()


def picture_on_its_side(width: int, height: int) -> bytes:
    """A photograph by a camera that was held upright: stored as it lies, seen turned."""
    image = Image.new("RGB", (width, height), "blue")
    exif = image.getexif()
    exif[0x0112] = 6
    made = io.BytesIO()
    image.save(made, "JPEG", exif=exif)
    return made.getvalue()


def picture_with_position() -> bytes:
    """A photograph that says by which camera it was taken, and where."""
    image = Image.new("RGB", (64, 48), "blue")
    exif = image.getexif()
    exif[271] = "Camera"
    exif[0x8825] = {1: "N", 2: (47.0, 22.0, 10.0), 3: "E", 4: (8.0, 32.0, 20.0)}
    made = io.BytesIO()
    image.save(made, "JPEG", exif=exif)
    return made.getvalue()


def pictures_with_position() -> bytes:
    """Several photographs in one file, of which the second says where it was taken."""
    image, other = Image.new("RGB", (64, 48), "blue"), Image.new("RGB", (64, 48), "green")
    exif = other.getexif()
    exif[0x8825] = {1: "N", 2: (47.0, 22.0, 10.0), 3: "E", 4: (8.0, 32.0, 20.0)}
    other.encoderinfo = {"exif": exif}
    made = io.BytesIO()
    image.save(made, "MPO", save_all=True, append_images=[other])
    return made.getvalue()


def wide_directory(entries: int) -> bytes:
    """A packed file that lists many files, each with a long name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        for number in range(entries):
            packed.writestr(f"word/{number:0300d}", "")
    return made.getvalue()


def pdf(text: str = "") -> bytes:
    """A document of one page, with this text or empty."""
    writer = PdfWriter()
    page = writer.add_blank_page(100, 100)
    if text:
        font = DictionaryObject(
            {
                NameObject("/Type"): NameObject("/Font"),
                NameObject("/Subtype"): NameObject("/Type1"),
                NameObject("/BaseFont"): NameObject("/Helvetica"),
            }
        )
        fonts = DictionaryObject({NameObject("/F1"): font})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        content = StreamObject()
        content.set_data(f"BT /F1 8 Tf 10 50 Td ({text}) Tj ET".encode())
        page[NameObject("/Contents")] = content
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def docx(*paragraphs: str) -> bytes:
    """An office document with these paragraphs."""
    body = "".join(f"<w:p><w:r><w:t>{each}</w:t></w:r></w:p>" for each in paragraphs)
    space = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("word/document.xml", f"<w:document {space}>{body}</w:document>")
    return made.getvalue()


def sound() -> bytes:
    """A tenth of a second of silence."""
    made = io.BytesIO()
    with wave.open(made, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8_000)
        written.writeframes(bytes(1_600))
    return made.getvalue()


def bomb() -> bytes:
    """A picture of a few bytes that says it has nine hundred million pixels."""
    made = picture(1, 1)
    at = made.index(b"IHDR") + 4
    header = (30_000).to_bytes(4, "big") * 2 + made[at + 8 : at + 13]
    checksum = zlib.crc32(b"IHDR" + header).to_bytes(4, "big")
    return made[:at] + header + checksum + made[at + 17 :]


def data_url(content: bytes, media_type: str) -> str:
    """Bytes as an address."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode()}"


PDF = pdf()
