"""Where an operator's command writes what is too long to print."""

import argparse
import gzip
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

STDOUT = "-"


def destination(text: str) -> str:
    """An argument: `-`, or a file in an existing directory; asked before the work, not after."""
    path = Path(text)
    if text != STDOUT and (path.is_dir() or not path.resolve().parent.is_dir()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a file in an existing directory")
    return text


@contextmanager
def whole_file(name: str) -> Iterator[BinaryIO]:
    """What to write to: stdout for `-`, else a file that has its name only once it is complete.

    Others may not read it; a name in .gz is compressed.
    """
    if name == STDOUT:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    partial = Path(f"{name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        if name.endswith(".gz"):
            # Without name and time in its header the same records are the same file.
            with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0) as packed:
                yield cast(BinaryIO, packed)
        else:
            yield raw
        raw.flush()
        os.fsync(raw.fileno())
    partial.replace(name)
