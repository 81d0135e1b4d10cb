"""A file that is written over several runs: what an earlier one left is kept and gone on from.

Until it is complete it has `.partial` behind its name and is not compressed.
"""

import gzip
import os
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.reading import parsed


@dataclass(frozen=True, slots=True)
class Begun:
    """An export to go on with: behind which session, and what has been written by then."""

    file: BinaryIO
    after: str
    written: Mapping[str, int]


def begin(name: str, first: bytes, *, resume: bool) -> Begun:
    """The file to write to, with its first line in it.

    With `resume` it is the one that an earlier run left, cut behind its last whole session; raises
    InvalidInput when that began otherwise.
    """
    partial = Path(f"{name}.partial")
    if resume and partial.exists() and partial.stat().st_size:
        file = partial.open("r+b")
        try:
            place, after, written = _last_whole_session(file, first)
        except InvalidInput:
            file.close()
            raise
        file.seek(place)
        file.truncate()
        return Begun(file, after, written)
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    file = os.fdopen(descriptor, "r+b")
    file.write(first)
    return Begun(file, "", {})


def _last_whole_session(file: BinaryIO, first: bytes) -> tuple[int, str, Mapping[str, int]]:
    """Where the last session begins, which may be cut; the id before it, and what came before."""
    if file.readline() != first:
        raise InvalidInput("The file that is there was begun with other options; remove it.")
    place = file.tell()
    cut, after, current = place, "", ""
    counts: Counter[str] = Counter()
    until: Counter[str] = Counter()
    for line in file:
        if line.startswith(b'{"type":"session"') and line.endswith(b"\n"):
            cut, after, until = place, current, counts.copy()
            current = parsed(line)["session_id"]
            counts["session"] += 1
        elif line.startswith(b'{"type":"message"'):
            counts["message"] += 1
        place += len(line)
    return cut, after, until


def finish(name: str, file: BinaryIO) -> None:
    """Give a complete file its name, compressed if that ends in .gz."""
    partial = Path(f"{name}.partial")
    file.flush()
    os.fsync(file.fileno())
    if not name.endswith(".gz"):
        partial.replace(name)
        return
    packed = Path(f"{name}.packed")
    file.seek(0)
    with packed.open("wb") as raw:
        packed.chmod(0o600)
        # Without name and time in its header the same records are the same file.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as archive:
            shutil.copyfileobj(file, archive)
    packed.replace(name)
    partial.unlink()
