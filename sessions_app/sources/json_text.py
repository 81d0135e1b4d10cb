"""Reads JSON values and lines from a text, a bounded part at a time."""

import codecs
import json
import re
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.reading import LineRefused, no_json, parsed
from sessions_app.sources import nested

# A record of this service takes a few megabytes at most, a conversation of another program up to a
# few hundred.
LINE_MAX_BYTES = 32 * 1024 * 1024
VALUE_MAX_CHARS = 512 * 1024 * 1024
_CHUNK = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is taken: of one line, of one value, and of everything once it is unpacked."""

    line_bytes: int = LINE_MAX_BYTES
    value_chars: int = VALUE_MAX_CHARS
    unpacked_bytes: int | None = None


OPERATORS = Bounds()
# Files that were put together have a byte order mark within.
_BETWEEN = re.compile("[\\s,\ufeff]*")
_SIGN = re.compile(r'["{}\[\],]')
_IN_TEXT = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)
# The longest token that can be cut: an escape of a pair of surrogates.
_CUT_CHARS = 16

Values = Generator[tuple[int, Any], None, None]
Refuse = Callable[[LineRefused], None]


def raised(refusal: LineRefused) -> None:
    """A `Refuse` that goes no further."""
    raise refusal


class Text(Protocol):
    """What a text is read from."""

    def read(self, size: int, /) -> bytes:
        """So many bytes, or what is left."""

    def readline(self, size: int, /) -> bytes:
        """The rest of a line, or so many bytes of it."""


def values(file: Text, refuse: Refuse, *, bounds: Bounds = OPERATORS) -> Values:
    """The values of a text, each with its line; what is no JSON goes to `refuse`."""
    first = file.readline(bounds.line_bytes)
    try:
        # A first line that is an object by itself makes it JSON lines.
        in_lines = isinstance(parsed(first), dict)
    except InvalidInput:
        in_lines = False
    if in_lines:
        yield from _lines(file, first, refuse, bounds.line_bytes)
    else:
        yield from _elements(_Text(file, first, bounds.value_chars), refuse)


def _lines(file: Text, line: bytes, refuse: Refuse, line_max_bytes: int) -> Values:
    """JSON lines, of which the first has been read; lines of white space are skipped."""
    number = 0
    while line:
        number += 1
        # `readline` stops there, so the line may be longer.
        if len(line) == line_max_bytes:
            raise LineRefused(number, f"longer than {line_max_bytes:,} bytes")
        if not line.isspace():
            try:
                value = _of_line(line)
            except InvalidInput as error:
                refuse(LineRefused(number, error.detail))
            else:
                yield number, value
        line = file.readline(line_max_bytes)


def _of_line(line: bytes) -> Any:
    try:
        return parsed(line)
    except InvalidInput as error:
        if error.detail != nested.TOO_DEEP:
            raise
    return nested.decoded(line.decode("utf-8-sig"))


def _elements(text: "_Text", refuse: Refuse) -> Values:
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
                refuse(LineRefused(text.line, "the array has no end: the file was cut off"))
            return
        line = text.line
        try:
            value = text.value()
        except LineRefused as error:
            refuse(error)
            # The next begins where the brackets of this one end.
            if not text.skip_value():
                return
        else:
            yield line, value


class _Text:
    """The text of a file, of which only the current part is in memory."""

    def __init__(self, file: Text, begun: bytes, value_max_chars: int) -> None:
        self._file, self._value_max_chars = file, value_max_chars
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
            except RecursionError:
                return self._deep_value()
            except ValueError as error:
                unread = len(self._text) - self._at
                # Doubling what is read keeps parsing a long value linear.
                more = self._is_cut(error) and unread <= self._value_max_chars
                if not (more and self._read(max(_CHUNK, unread))):
                    raise self._refusal(error) from error

    def skip_value(self) -> bool:
        """Move behind a value that cannot be parsed, by its brackets; False where it has no end."""
        try:
            end = self._end_of_value()
        except LineRefused:
            end = None
        self._move(len(self._text) if end is None else end)
        return end is not None

    def _deep_value(self) -> Any:
        end = self._end_of_value()
        if end is None:
            raise LineRefused(self.line, "not JSON: a bracket is not closed")
        try:
            value = nested.decoded(self._text[self._at : end])
        except InvalidInput as error:
            raise LineRefused(self.line, error.detail) from error
        self._move(end)
        return value

    def _end_of_value(self) -> int | None:
        """Where the value that comes next ends; None where the text ends before."""
        depth, at = 0, self._at
        while True:
            match = _SIGN.search(self._text, at)
            if match is not None and match[0] == '"':
                match = _IN_TEXT.match(self._text, match.end())
            elif match is not None and depth == 0 and match[0] in ",]}":
                # It has no brackets at all.
                return match.start() if match.start() > self._at else match.end()
            elif match is not None and match[0] != ",":
                depth += 1 if match[0] in "{[" else -1
                if depth == 0:
                    return match.end()
                if depth > nested.DEPTH_MAX:
                    raise LineRefused(self.line, nested.TOO_DEEP)
            if match is not None:
                at = match.end()
                continue
            # From the sign on again, which may begin a text that goes on in the next part.
            begun = _SIGN.search(self._text, at)
            at = begun.start() if begun else len(self._text)
            if at - self._at > self._value_max_chars:
                return None
            at -= self._at
            if not self._read(max(_CHUNK, at)):
                return None
            at += self._at

    def _is_cut(self, error: ValueError) -> bool:
        """Whether the error may come from where the part in memory ends."""
        if not isinstance(error, json.JSONDecodeError):
            return False
        return error.msg.startswith("Unterminated string") or (
            error.pos >= len(self._text) - _CUT_CHARS
        )

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
