"""Reads JSON values and lines from files, packed or not, a bounded part at a time."""

import codecs
import gzip
import json
import re
import sys
import zipfile
import zlib
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.reading import LineRefused, no_json, parsed

STDIN = "-"
# A record of this service takes a few megabytes at most, a conversation of another program up to a
# few hundred.
LINE_MAX_BYTES = 32 * 1024 * 1024
VALUE_MAX_CHARS = 512 * 1024 * 1024
_CHUNK = 1024 * 1024
_BETWEEN = re.compile(r"[\s,]*")
# ChatGPT's archive has `conversations.json`; a large one `conversations-000.json` and so on.
_IN_ARCHIVE = re.compile(r"(?:.*/)?conversations(?:-\d+)?\.json")


def values(name: str) -> Generator[tuple[int, Any], None, None]:
    """Yield the values of a JSON file, each with the line on which it begins.

    The values are JSON lines, the elements of an array, or a single value. `-` is stdin; .gz and
    .zip are unpacked. Raises InvalidInput for the file and LineRefused for its text.
    """
    try:
        if name == STDIN:
            yield from _values(sys.stdin.buffer)
        elif name.endswith(".zip"):
            yield from _archived(name)
        else:
            with (gzip.open if name.endswith(".gz") else open)(name, "rb") as file:
                yield from _values(cast(BinaryIO, file))
    # Errors of unpacking come while reading, not when opening.
    except (gzip.BadGzipFile, EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise InvalidInput(f"{name} is damaged: {error}") from error
    except OSError as error:
        raise InvalidInput(f"{name}: {error.strerror or error}") from error


def _archived(name: str) -> Iterator[tuple[int, Any]]:
    with zipfile.ZipFile(Path(name)) as archive:
        members = sorted(filter(_IN_ARCHIVE.fullmatch, archive.namelist()))
        if not members:
            raise InvalidInput(f"{name} has no conversations.json in it")
        for member in members:
            with archive.open(member) as file:
                yield from _values(cast(BinaryIO, file))


def _values(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    first = file.readline(LINE_MAX_BYTES)
    try:
        # A first line that is an object by itself makes it JSON lines.
        in_lines = isinstance(parsed(first), dict)
    except InvalidInput:
        in_lines = False
    return _lines(file, first) if in_lines else _elements(_Text(file, first))


def _lines(file: BinaryIO, line: bytes) -> Iterator[tuple[int, Any]]:
    """JSON lines, of which the first has been read; lines of white space are skipped."""
    number = 0
    while line:
        number += 1
        # `readline` stops there, so the line may be longer.
        if len(line) == LINE_MAX_BYTES:
            raise LineRefused(number, f"longer than {LINE_MAX_BYTES:,} bytes")
        if not line.isspace():
            try:
                value = parsed(line)
            except InvalidInput as error:
                raise LineRefused(number, error.detail) from error
            yield number, value
        line = file.readline(LINE_MAX_BYTES)


def _elements(text: "_Text") -> Iterator[tuple[int, Any]]:
    """The elements of an array, or values one after another."""
    text.skip_between()
    in_array = text.take("[")
    while True:
        text.skip_between()
        if in_array and text.take("]"):
            text.skip_between()
            in_array = False
        if text.at_end:
            if in_array:
                raise LineRefused(text.line, "the array has no end: the file was cut off")
            return
        line = text.line
        yield line, text.value()


class _Text:
    """The text of a file, of which only the current part is in memory."""

    def __init__(self, file: BinaryIO, begun: bytes) -> None:
        self._file = file
        # With a byte order mark or without; parts may end within a character.
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._json = json.JSONDecoder(parse_constant=no_json)
        self._text, self._at, self._ended = "", 0, False
        self.line = 1
        self._take_in(begun)

    @property
    def at_end(self) -> bool:
        """Whether the whole text has been consumed."""
        return self._ended and self._at == len(self._text)

    def skip_between(self) -> None:
        """Skip white space and the commas between an array's elements."""
        while True:
            match = _BETWEEN.match(self._text, self._at)
            self._move(match.end() if match else self._at)
            if self._at < len(self._text) or not self._read(_CHUNK):
                return

    def take(self, sign: str) -> bool:
        """Skip `sign` if it comes next; returns whether it did."""
        if not self._text.startswith(sign, self._at):
            return False
        self._move(self._at + len(sign))
        return True

    def value(self) -> Any:
        """Read the next value; raises LineRefused where there is none."""
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
                # A number at the end of the part in memory may continue in the next.
                if end < len(self._text) or not self._read(_CHUNK):
                    self._move(end)
                    return value
            except RecursionError as error:
                raise LineRefused(self.line, "nested too deeply") from error
            except ValueError as error:
                unread = len(self._text) - self._at
                # Doubling what is read keeps parsing a long value linear.
                if unread > VALUE_MAX_CHARS or not self._read(max(_CHUNK, unread)):
                    raise self._refusal(error) from error

    def _refusal(self, error: ValueError) -> LineRefused:
        if not isinstance(error, json.JSONDecodeError):
            return LineRefused(self.line, f"not JSON: {error}")
        within = self._text.count("\n", self._at, error.pos)
        return LineRefused(self.line + within, f"not JSON: {error.msg}")

    def _read(self, size: int) -> bool:
        """Read the next part; returns whether there was one."""
        if self._ended:
            return False
        data = self._file.read(size)
        self._ended = not data
        self._take_in(data)
        return not self._ended

    def _take_in(self, data: bytes) -> None:
        try:
            more = self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            raise LineRefused(self.line, "not UTF-8") from error
        self._text, self._at = self._text[self._at :] + more, 0

    def _move(self, end: int) -> None:
        self.line += self._text.count("\n", self._at, end)
        self._at = end
