"""A place in a list as it stands in an address: a cursor, not a number of rows."""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.review import ConversationCursor
from sessions_app.domain.text import is_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = 253_402_300_799_999


def encode(place: ConversationCursor) -> str:
    """A place as a word."""
    raw = json.dumps([(place.moment - _EPOCH) // timedelta(milliseconds=1), place.session_id])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode(word: str) -> ConversationCursor:
    """The place of a word; raises InvalidInput for what `encode` has not made."""
    try:
        raw = base64.urlsafe_b64decode(word + "=" * (-len(word) % 4))
        milliseconds, session_id = json.loads(raw)
        if not (is_text(session_id) and 0 <= milliseconds <= _LAST_MILLISECOND):
            raise ValueError(word)
        return ConversationCursor(_EPOCH + timedelta(milliseconds=milliseconds), session_id)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise InvalidInput("This page's address is not one of ours.") from error
