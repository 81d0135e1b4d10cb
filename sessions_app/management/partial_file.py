"""A file that is written over several runs: a run continues where an interrupted one stopped.

The file is `NAME.partial`, uncompressed, until it is complete.
"""

import gzip
import os
import re
import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.records.reading import parsed


@dataclass(frozen=True, slots=True)
class OpenExport:
    """An open export: the last session in it (`after`, "" for none), and the counts so far."""

    file: BinaryIO
    after: str
    written: Mapping[str, int]


def begin(name: str, first: bytes, *, resume: bool) -> OpenExport:
    """Open the file to write to, with its first line in it.

    With `resume`, continues the file of an earlier run, cut off after its last whole session.
    Raises InvalidInput where that file has another first line.
    """
    partial = Path(f"{name}.partial")
    if resume and partial.exists() and partial.stat().st_size:
        file = partial.open("r+b")
        try:
            end, after, written = _last_whole_session(file, first)
        except InvalidInput:
            file.close()
            raise
        file.seek(end)
        # The last session may have been cut off, so it is written again.
        file.truncate()
        return OpenExport(file, after, written)
    # Only for its owner: it holds conversations.
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
    file = os.fdopen(descriptor, "r+b")
    file.write(first)
    return OpenExport(file, "", {})


_TYPE = re.compile(rb'\{"type":"(message|attachment)"')


def _last_whole_session(file: BinaryIO, first: bytes) -> tuple[int, str, Mapping[str, int]]:
    """The offset of the last session, which may be cut off; the id and the counts before it."""
    # The first line holds the selection: another one would mix two exports.
    if file.readline() != first:
        raise InvalidInput("The file that is there was begun with other options; remove it.")
    offset = file.tell()
    cut, after, current = offset, "", ""
    counts: Counter[str] = Counter()
    until: Counter[str] = Counter()
    for line in file:
        if line.startswith(b'{"type":"session"') and line.endswith(b"\n"):
            cut, after, until = offset, current, counts.copy()
            current = parsed(line)["session_id"]
            counts["session"] += 1
        else:
            # Messages, and attachments, whose lines are long.
            kind = _TYPE.match(line)
            if kind is not None:
                counts[kind[1].decode()] += 1
        offset += len(line)
    return cut, after, until


def finish(name: str, file: BinaryIO) -> None:
    """Rename a complete file to `name`, compressed where that ends in .gz."""
    partial = Path(f"{name}.partial")
    file.flush()
    os.fsync(file.fileno())
    # Compressed only now: a compressed file cannot be cut off and continued.
    if not name.endswith(".gz"):
        partial.replace(name)
        return
    packed = Path(f"{name}.packed")
    file.seek(0)
    with packed.open("wb") as raw:
        # Before anything is written to it.
        packed.chmod(0o600)
        # No name and time in the header: the same records give the same bytes.
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as archive:
            shutil.copyfileobj(file, archive)
    packed.replace(name)
    partial.unlink()
