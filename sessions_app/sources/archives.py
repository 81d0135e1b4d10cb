"""Archives as they were downloaded, and folders that they were unpacked to.

Their conversations are read one file after another; their pictures and files are found by the id or
the name that a message knows them by.
"""

import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.foreign.files import ForeignFile

# ChatGPT's archive has `conversations.json`; a large one `conversations-000.json` and so on.
_CONVERSATIONS = re.compile(r"(?:.*/)?conversations(?:-\d+)?\.jsonl?")
_TEXTS = re.compile(r".*\.jsonl?(?:\.gz)?", re.IGNORECASE)
_PAGES = re.compile(r".*\.html?", re.IGNORECASE)
# What systems put into archives.
_OF_SYSTEMS = re.compile(r"(?:.*/)?(?:__MACOSX/.*|\.DS_Store|\._[^/]*|Thumbs\.db)")
# `file-<id>-<name>`, `file_<id>-sanitized.png`, `<id>.png`.
_ID = re.compile(r"(?:file[-_])?[A-Za-z0-9]+")
_MEMORY_BYTES = 262_144
_BLOCK = 262_144
# What Python raises for members that are encrypted, packed in an unknown way, or damaged.
DAMAGED = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError)


class Archive:
    """A zip file or a folder: its texts, and everything beside them."""

    def __init__(
        self, name: str, sizes: Mapping[str, int], open_member: Callable[[str], IO[bytes]]
    ) -> None:
        self._name, self._open, self._sizes = name, open_member, sizes
        members = list(sizes)
        self._members = sorted(each for each in members if not _OF_SYSTEMS.fullmatch(each))
        self.texts = list(filter(_CONVERSATIONS.fullmatch, self._members))
        # Without any `conversations.json` each of its JSON files may be one.
        self.is_sure = bool(self.texts)
        self.texts = self.texts or list(filter(_TEXTS.fullmatch, self._members))
        self._by_name: dict[str, str] = {}
        self._by_id: dict[str, str] = {}
        for member in self._members:
            if member not in self.texts:
                base = PurePosixPath(member).name
                self._by_name.setdefault(base, member)
                if (begun := _ID.match(base)) is not None:
                    self._by_id.setdefault(begun[0], member)
        self._used: set[str] = set()
        self._read_bytes = 0
        self._current: IO[bytes] | None = None

    def fraction(self) -> float | None:
        """How much of the texts has been read."""
        total = sum(self._sizes[member] for member in self.texts)
        current = self._current
        within = current.tell() if current is not None and not current.closed else 0
        return min(1.0, (self._read_bytes + within) / total) if total else None

    @property
    def unused(self) -> list[str]:
        """What nothing referred to: other files of an export, pictures that no message names."""
        ours = {*self.texts, *self._used}
        return [each for each in self._members if each not in ours and not _PAGES.fullmatch(each)]

    @contextmanager
    def text(self, member: str) -> Iterator[IO[bytes]]:
        """One of `texts`, open; raises InvalidInput where it cannot be unpacked."""
        try:
            with self._open(member) as file:
                self._current = file
                yield file
                self._read_bytes += self._sizes[member]
        except DAMAGED as error:
            raise InvalidInput(f"{self._name}: {member} cannot be unpacked: {error}") from error

    def find(self, file: ForeignFile) -> str | None:
        """The member that has the bytes of a file; None where there is none."""
        wanted = PurePosixPath(file.reference).name
        member = self._by_name.get(wanted) or self._by_id.get(wanted)
        # By its name alone where the source has no id of it.
        if member is None and not file.reference:
            member = self._by_name.get(file.name)
        if member is None and file.reference and file.name:
            member = self._by_name.get(f"{wanted}-{file.name}") or self._by_name.get(file.name)
        return member

    @contextmanager
    def bytes_of(self, member: str, most: int) -> Iterator[BinaryIO]:
        """The bytes of a member, at most one more than `most`; raises InvalidInput."""
        self._used.add(member)
        with tempfile.SpooledTemporaryFile(max_size=_MEMORY_BYTES) as content:
            try:
                with self._open(member) as packed:
                    left = most + 1
                    while left > 0 and (block := packed.read(min(left, _BLOCK))):
                        content.write(block)
                        left -= len(block)
            except (*DAMAGED, OSError) as error:
                raise InvalidInput(f"{member} cannot be unpacked: {error}") from error
            content.seek(0)
            yield cast(BinaryIO, content)


def of_folder(path: Path) -> Archive:
    """A folder, and those within it; links are passed over, as they may lead anywhere."""
    sizes = {
        str(each.relative_to(path)): each.stat().st_size
        for each in path.rglob("*")
        if each.is_file() and not each.is_symlink()
    }
    return Archive(str(path), sizes, lambda member: (path / member).open("rb"))


@contextmanager
def of_zip(file: BinaryIO, name: str) -> Iterator[Archive]:
    """A zip file; raises InvalidInput for one that is damaged."""
    try:
        packed = zipfile.ZipFile(file)
    except DAMAGED as error:
        raise InvalidInput(f"{name} is damaged: {error}") from error
    with packed:
        sizes = {each.filename: each.file_size for each in packed.infolist() if not each.is_dir()}
        yield Archive(name, sizes, packed.open)


@contextmanager
def seekable(file: BinaryIO) -> Iterator[BinaryIO]:
    """The same bytes in a file that can be sought in: a pipe cannot."""
    with tempfile.TemporaryFile() as copied:
        shutil.copyfileobj(file, copied)
        copied.seek(0)
        yield cast(BinaryIO, copied)
