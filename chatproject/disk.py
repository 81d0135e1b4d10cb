"""The disk of DATA_DIR: whether it has room, and the sentence when it has not."""

import errno
import shutil
from pathlib import Path

MIB = 1024 * 1024
# With less, MongoDB's next checkpoint or journal file may find no room.
NEEDED_BYTES = 16 * MIB
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(directory: Path, *, needed: int = NEEDED_BYTES) -> bool:
    """Whether the disk under `directory` has less than `needed` bytes left."""
    existing = next((each for each in (directory, *directory.parents) if each.exists()), None)
    return existing is not None and shutil.disk_usage(existing).free < needed


def sentence(error: OSError, directory: Path) -> str:
    """Why something under `directory` could not be written, and what to do."""
    if error.errno in _FULL:
        return f"the disk of DATA_DIR {directory} is full; free some space and start again"
    return (
        f"{error.filename or directory} cannot be written ({error.strerror}); "
        "give this user the right to, or set another DATA_DIR"
    )
