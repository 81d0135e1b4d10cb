"""`DATA_DIR`: conversations, accounts and keys, for nobody else on the machine."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

# Nothing for the group, nothing for others.
UMASK = 0o077


def private_by_default() -> None:
    """Let this process and its children make files for their user alone."""
    os.umask(UMASK)


def check(directory: Path) -> None:
    """Make the directory, or refuse one that other users of the machine may open.

    Raises:
        ImproperlyConfigured: it is open to others, or belongs to somebody else.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = directory.stat()
        if status.st_uid not in (os.geteuid(), 0):
            raise ImproperlyConfigured(
                f"DATA_DIR {directory} belongs to another user; "
                "set DATA_DIR to a directory of this user"
            )
        mode = status.st_mode & 0o777
        if not mode & UMASK:
            return
        # Nothing was in it that somebody could have read or left.
        if status.st_uid == os.geteuid() and not any(directory.iterdir()):
            directory.chmod(0o700)
            return
    except OSError as error:
        raise ImproperlyConfigured(
            f"DATA_DIR {directory} cannot be written ({error.strerror}); "
            "set DATA_DIR to a directory that this user may write"
        ) from error
    raise ImproperlyConfigured(
        f"DATA_DIR {directory} is open to other users of this machine (mode {mode:04o}); "
        f"run `chmod 700 {directory}` and start again"
    )
