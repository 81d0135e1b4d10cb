"""Reads JSON values from files, packed or not, a bounded part at a time."""

import gzip
import os
import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.reading import LineRefused
from sessions_app.sources import archives, json_text, packing
from sessions_app.sources.archives import Archive
from sessions_app.sources.json_text import OPERATORS, Bounds, Refuse, Values

STDIN = "-"


class OpenFile:
    """A file, an archive or a folder whose values are being read."""

    def __init__(
        self, name: str, file: BinaryIO | None, archive: Archive | None, bounds: Bounds
    ) -> None:
        self._name, self._file = name, file
        self.archive, self._bounds = archive, bounds
        self._unpacked = 0
        self._size = os.fstat(file.fileno()).st_size if file is not None else 0

    def fraction(self) -> float | None:
        """How much of the file has been read, where that can be told."""
        if self.archive is not None:
            return self.archive.fraction()
        if self._file is None or self._file.closed or not self._size:
            return None
        # Below what unpacks it: the bytes as they lie in the file.
        return min(1.0, os.lseek(self._file.fileno(), 0, os.SEEK_CUR) / self._size)

    def values(
        self, refuse: Refuse = json_text.raised, accepts: Callable[[Any], bool] | None = None
    ) -> Values:
        """The values, each with the line on which it begins.

        They are JSON lines, the elements of an array, or a single value. What is no JSON goes to
        `refuse`, and reading goes on behind it. Of an archive without `conversations.json`, those
        JSON files are read whose first value `accepts` takes. Raises InvalidInput.
        """
        try:
            if self.archive is not None:
                yield from self._archived(self.archive, refuse, accepts)
            elif self._file is not None:
                yield from self._text(packing.text_of(self._file, self._name), refuse)
        # Errors of unpacking come while reading, not when opening.
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise InvalidInput(f"{self._name} is damaged: {error}") from error
        except OSError as error:
            raise InvalidInput(f"{self._name}: {error.strerror or error}") from error

    def _archived(
        self, archive: Archive, refuse: Refuse, accepts: Callable[[Any], bool] | None
    ) -> Values:
        read = []
        for member in archive.texts:
            values = self._member(archive, member, refuse)
            if archive.is_sure or accepts is None:
                read.append(member)
                yield from values
                continue
            first = next(values, None)
            if first is not None and accepts(first[1]):
                read.append(member)
                yield first
                yield from values
            values.close()
        archive.texts = read
        if not read:
            raise InvalidInput(f"{self._name} has no conversations in it: no conversations.json")

    def _member(
        self, archive: Archive, member: str, refuse: Refuse
    ) -> Generator[tuple[int, Any], None, None]:
        named = len(archive.texts) > 1

        def refuse_in_member(refusal: LineRefused) -> None:
            reason = f"{member}: {refusal.reason}"
            refuse(LineRefused(refusal.number, reason) if named else refusal)

        with archive.text(member) as file:
            yield from self._text(packing.text_of(cast(BinaryIO, file), member), refuse_in_member)

    def _text(self, text: BinaryIO, refuse: Refuse) -> Values:
        return json_text.values(_Counted(text, self._count), refuse, bounds=self._bounds)

    def _count(self, unpacked: int) -> None:
        """Count what has been read; raises InvalidInput where it is too much."""
        self._unpacked += unpacked
        most = self._bounds.unpacked_bytes
        if most is not None and self._unpacked > most:
            raise InvalidInput(f"{self._name} has more than {most:,} bytes once it is unpacked")


class _Counted:
    """A text of which is counted what is read."""

    def __init__(self, text: BinaryIO, count: Callable[[int], None]) -> None:
        self._text, self._count = text, count

    def read(self, size: int, /) -> bytes:
        """As of a file."""
        data = self._text.read(size)
        self._count(len(data))
        return data

    def readline(self, size: int, /) -> bytes:
        """As of a file."""
        line = self._text.readline(size)
        self._count(len(line))
        return line


@contextmanager
def opened(name: str, bounds: Bounds = OPERATORS) -> Iterator[OpenFile]:
    """Open a file, an archive, a folder or stdin (`-`); raises InvalidInput."""
    with ExitStack() as stack:
        try:
            if name == STDIN:
                file = stack.enter_context(archives.seekable(sys.stdin.buffer))
            elif Path(name).is_dir():
                archive = archives.of_folder(Path(name))
                yield OpenFile(name, None, archive, bounds)
                return
            else:
                file = stack.enter_context(Path(name).open("rb"))
            head = file.read(packing.HEAD_BYTES)
            file.seek(0)
        except OSError as error:
            raise InvalidInput(f"{name}: {error.strerror or error}") from error
        is_zip = head.startswith(packing.ZIP)
        if name.endswith(".zip") and not is_zip:
            packing.refuse_others(head, name)
            raise InvalidInput(f"{name} is damaged: it is not a zip file")
        packed = stack.enter_context(archives.of_zip(file, name)) if is_zip else None
        yield OpenFile(name, file, packed, bounds)


def values(name: str, refuse: Refuse = json_text.raised) -> Values:
    """The values of a file, as `OpenFile.values` has them."""
    with opened(name) as file:
        yield from file.values(refuse)
