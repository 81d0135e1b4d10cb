"""Cursors of the list as text for an address: they name a conversation, not a number of rows."""

import base64
import binascii
import json
from datetime import UTC, datetime, timedelta

from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.review import ConversationCursor
from sessions_app.domain.texts.text import is_text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = 253_402_300_799_999


def encode(cursor: ConversationCursor) -> str:
    raw = json.dumps([(cursor.moment - _EPOCH) // timedelta(milliseconds=1), cursor.session_id])
    return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")


def decode(text: str) -> ConversationCursor:
    """The cursor in `text`; raises InvalidInput for anything that `encode` did not make."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        milliseconds, session_id = json.loads(raw)
        if not (is_text(session_id) and 0 <= milliseconds <= _LAST_MILLISECOND):
            raise ValueError(text)
        return ConversationCursor(_EPOCH + timedelta(milliseconds=milliseconds), session_id)
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError) as error:
        raise InvalidInput("This page's address is not valid.") from error
