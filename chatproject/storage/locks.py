"""Advisory locks on files; the kernel releases them however a process ends."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARED = fcntl.LOCK_SH
EXCLUSIVE = fcntl.LOCK_EX


def attempt(descriptor: int, mode: int) -> bool:
    """Take the lock, or change its mode, without waiting; False if another process has it."""
    try:
        fcntl.flock(descriptor, mode | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def hold(path: Path, mode: int, *, seconds: float = 0.0) -> Iterator[int]:
    """Lock `path` and yield its descriptor; wait for the lock for at most `seconds`.

    Raises:
        TimeoutError: another process kept the lock.
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
