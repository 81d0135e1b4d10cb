"""The files that commands write: stdout, or a file that is complete once it has its name."""

import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from sessions_app.management.arguments import writable_file

STDOUT = "-"


def destination(text: str) -> str:
    """An argument type: `-` for stdout, or a file in an existing directory."""
    return text if text == STDOUT else str(writable_file(text))


@contextmanager
def whole_file(name: str) -> Iterator[BinaryIO]:
    """Open `name` for writing: stdout for `-`, else a file.

    The file is `NAME.partial` until it is complete. Only its owner may read it. It is compressed
    where the name ends in .gz.
    """
    if name == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = Path(f"{name}.partial")
    # Only for its owner: it holds conversations.
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        if name.endswith(".gz"):
            # No name and time in the header: the same records give the same bytes.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        else:
            yield raw
        raw.flush()
        # The file must be on disk before it gets its name.
        os.fsync(raw.fileno())
    # Atomic: readers see no file or the whole one.
    partial.replace(name)
