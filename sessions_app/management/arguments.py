"""Argument types of the commands; each raises ArgumentTypeError for text that does not fit."""

import argparse
from datetime import UTC, datetime
from pathlib import Path


def positive(text: str) -> int:
    """A whole number, 1 or more."""
    # `int` would also take "+1", "1_000" and digits of other scripts.
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not 1 or more")
    return int(text)


def seconds(text: str) -> int:
    """A whole number of seconds, 0 or more."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds")
    return int(text)


def moment(text: str) -> datetime:
    """A date or a time in ISO 8601, in UTC where it names no offset."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date or a time") from error
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)


def secret_file(text: str) -> bytes:
    """What a file with a secret holds, without the line's end."""
    try:
        return Path(text).read_bytes().rstrip(b"\r\n")
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{text!r} cannot be read") from error


def writable_file(text: str) -> Path:
    """A file in an existing directory; checked before the work rather than after it."""
    path = Path(text)
    if path.is_dir() or not path.resolve().parent.is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not a file in an existing directory")
    return path
