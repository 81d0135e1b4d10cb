"""Kinds of arguments that several commands take."""

import argparse
from datetime import UTC, datetime


def moment(text: str) -> datetime:
    """A date or a time, in UTC unless it says otherwise."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date or a time") from error
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
