"""A place in a list as it stands in an address: a cursor, not a number of rows."""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.review import Place
from sessions_app.domain.text import is_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = 253_402_300_799_999


def encode(place: Place) -> str:
    """A place as a word."""
    raw = json.dumps([(place.moment - _EPOCH) // timedelta(milliseconds=1), place.tie])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode(word: str, *, counted: bool) -> Place:
    """The place of a word; raises InvalidInput for what `encode` has not made.

    `counted`: in this order a tie is a number.
    """
    try:
        raw = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
        milliseconds, tie = json.loads(raw)
        if not (is_text(tie) and 0 <= milliseconds <= _LAST_MILLISECOND):
            raise ValueError(word)
        if counted and not (tie.isdecimal() and int(tie) < 1_000_000):
            raise ValueError(word)
        return Place(_EPOCH + timedelta(milliseconds=milliseconds), tie)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise InvalidInput("This page's address is not one of ours.") from error
