"""Advisory locks on files: the kernel lets go of them however a process ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED = fcntl.LOCK_SH
EXCLUSIVE = fcntl.LOCK_EX


def attempt(descriptor: int, mode: int) -> bool:
    """Take (or change to) the lock at once; False when another process is in the way."""
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def hold(path: Path, mode: int, *, seconds: float = 0.0) -> Iterator[int]:
    """Hold `path` locked and yield its descriptor, waiting for others at most `seconds`.

    Raises:
        TimeoutError: another process kept it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + seconds
    try:
        while not attempt(descriptor, mode):
            if time.monotonic() >= deadline:
                raise TimeoutError(path)
            time.sleep(0.02)
        yield descriptor
    finally:
        os.close(descriptor)
