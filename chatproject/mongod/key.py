"""The key of the embedded `mongod`, in `DATA_DIR/mongod.key`: it lets in who can read that file."""

import os
import secrets
from pathlib import Path

NAME = "mongod.key"


def path(data_dir: Path) -> Path:
    """Where the key is."""
    return data_dir / NAME


def read(data_dir: Path) -> str | None:
    """The key; None where there is none."""
    try:
        return path(data_dir).read_text().strip() or None
    except FileNotFoundError:
        return None


def read_or_create(data_dir: Path) -> str:
    """The key, made on first use; the caller holds the lock on starting."""
    key = read(data_dir)
    if key is None:
        # Of letters that `mongod` takes in a key file and an address needs no quoting for.
        key = secrets.token_hex(48)
        draft = path(data_dir).with_suffix(".draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(key)
        draft.replace(path(data_dir))
    # `mongod` refuses a key that others may read.
    path(data_dir).chmod(0o600)
    return key
