"""Argument types of the commands; each raises ArgumentTypeError for text that does not fit."""

import argparse
from argparse import ArgumentParser
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sessions_app.services.walks import FULL


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


def percent(text: str) -> int:
    """A whole number from 1 to 100."""
    number = positive(text)
    if number > FULL:
        raise argparse.ArgumentTypeError(f"{text!r} is not from 1 to {FULL}")
    return number


def add_share_argument(parser: ArgumentParser) -> None:
    """Add the option that leaves the machine to requests."""
    parser.add_argument(
        "--share",
        type=percent,
        default=FULL,
        metavar="PERCENT",
        help="work for so much of the time and rest in between, so that requests come first "
        f"(default {FULL})",
    )


def add_walk_arguments(parser: ArgumentParser) -> None:
    """Add the options of commands that walk all sessions."""
    add_share_argument(parser)
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on where a run with the same options was stopped; without it, begin anew",
    )


def walked(command: str, options: Mapping[str, Any]) -> str:
    """The name of a command's walk; one of what is missing is another than one of everything."""
    return f"{command} of what is missing" if options["only_missing"] else command
