"""How a file is packed and in which encoding its text is, told by its first bytes."""

import codecs
import gzip
import io
from collections.abc import Callable
from typing import BinaryIO, cast

from sessions_app.domain.errors import InvalidInput

HEAD_BYTES = 512
ZIP = (b"PK\x03\x04", b"PK\x05\x06")
GZIP = b"\x1f\x8b"
_TAR_AT, _TAR = 257, b"ustar"
# What somebody may take for an export, by what it begins with.
_OTHERS = {
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"BZh": "packed by bzip2",
    b"\xfd7zXZ\x00": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
    b"%PDF-": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"<!DOCTYPE": "a page in HTML",
    b"<html": "a page in HTML",
    b"<?xml": "XML",
}
# UTF-32 first: its mark begins as that of UTF-16 does.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def refuse_others(head: bytes, name: str) -> None:
    """Raise InvalidInput for a file of a kind that is not read."""
    if head[_TAR_AT : _TAR_AT + len(_TAR)] == _TAR:
        raise InvalidInput(f"{name} is a tar archive, which is not read: unpack it first")
    for beginning, kind in _OTHERS.items():
        if head.lstrip()[: len(beginning)].lower() == beginning.lower():
            raise InvalidInput(f"{name} is {kind}, which is not read: expected JSON, gzip or zip")


def text_of(file: BinaryIO, name: str) -> BinaryIO:
    """The text of a file that can be sought in, unpacked, as UTF-8; raises InvalidInput."""
    head = file.read(HEAD_BYTES)
    file.seek(0)
    refuse_others(head, name)
    if head.startswith(GZIP):
        return text_of(cast(BinaryIO, gzip.GzipFile(fileobj=file)), name)
    if name.endswith(".gz") and not isinstance(file, gzip.GzipFile):
        raise InvalidInput(f"{name} is damaged: it is not packed by gzip")
    encoding = encoding_of(head)
    return file if encoding is None else recoded(file, encoding)


def encoding_of(head: bytes) -> str | None:
    """The encoding where it is another than UTF-8: by its mark, or by the zeros of ASCII in it."""
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    # JSON begins with two characters of ASCII (RFC 4627, 3).
    zeros = tuple(byte == 0 for byte in head[:4])
    return {
        (True, True, True, False): "utf-32-be",
        (False, True, True, True): "utf-32-le",
        (True, False, True, False): "utf-16-be",
        (False, True, False, True): "utf-16-le",
        (False, True): "utf-16-le",
        (True, False): "utf-16-be",
    }.get(zeros)


class _Recoded(io.RawIOBase):
    """The bytes of a text in UTF-8 that is stored in another encoding."""

    def __init__(self, read: Callable[[int], bytes], encoding: str) -> None:
        self._read = read
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._encoding = encoding
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        """It is read only."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Fill the buffer as far as there is something to fill it with."""
        while not self._ready and not self._ended:
            data = self._read(len(buffer))
            self._ended = not data
            try:
                text = self._decoder.decode(data, final=self._ended)
            except UnicodeDecodeError as error:
                raise InvalidInput(f"the text is not {self._encoding.upper()}") from error
            # A lone surrogate is left to whoever reads the text, as it is in an escape of JSON.
            self._ready = text.encode("utf-8", "replace")
        taken, self._ready = self._ready[: len(buffer)], self._ready[len(buffer) :]
        buffer[: len(taken)] = taken
        return len(taken)


def recoded(file: BinaryIO, encoding: str) -> BinaryIO:
    """The text of a file as UTF-8."""
    return cast(BinaryIO, io.BufferedReader(_Recoded(file.read, encoding)))
