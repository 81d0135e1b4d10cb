"""Pages of a user's sessions: a cursor is a position in the list, not an offset."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from rest_framework.request import Request
from rest_framework.utils.urls import replace_query_param

from sessions_app.api.wire import sessions as wire
from sessions_app.domain.data import Session, SessionPage, SessionPosition
from sessions_app.domain.errors import InvalidInput
from sessions_app.domain.texts import text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MILLISECOND = 253_402_300_799_999


class Cursor(NamedTuple):
    """The position that a page begins after, and whether it goes back towards newer activity."""

    position: SessionPosition
    backwards: bool


def encode(cursor: Cursor) -> str:
    """The text of a cursor in a URL."""
    # Whole milliseconds, as MongoDB stores them: a float would lose some.
    milliseconds = (cursor.position.moment - _EPOCH) // timedelta(milliseconds=1)
    values = [milliseconds, cursor.position.session_id, int(cursor.backwards)]
    raw = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(encoded: str) -> Cursor:
    """The cursor in a URL; raises InvalidInput for anything that `encode` does not make."""
    try:
        raw = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        milliseconds, session_id, backwards = json.loads(raw)
        if not (text.is_text(session_id) and 0 <= milliseconds <= _LAST_MILLISECOND):
            raise ValueError(encoded)
        moment = _EPOCH + timedelta(milliseconds=milliseconds)
        cursor = Cursor(SessionPosition(moment, session_id), bool(backwards))
        # One text for one position: padding and spaces that base64 ignores are refused, too.
        if encode(cursor) != encoded:
            raise ValueError(encoded)
    except (ValueError, TypeError, binascii.Error, RecursionError) as error:
        raise InvalidInput("This cursor is not one of ours.", attr="cursor") from error
    return cursor


def by_activity(session: Session) -> datetime:
    """What the list of sessions is sorted by."""
    return session.updated_at


def by_creation(session: Session) -> datetime:
    """What filtered lists are sorted by."""
    return session.created_at


def by_expiry(session: Session) -> datetime:
    """What the list of sessions that are about to expire is sorted by; each has a timeout."""
    assert session.expires_at is not None  # noqa: S101
    return session.expires_at


def page(
    request: Request, session_page: SessionPage, *, by: Callable[[Session], datetime] = by_activity
) -> dict[str, Any]:
    """A page of sessions, sorted `by` a moment, with links to its neighbours."""
    sessions = session_page.sessions
    return {
        "next": _link(request, by, sessions[-1], backwards=False)
        if sessions and session_page.has_next
        else None,
        "previous": _link(request, by, sessions[0], backwards=True)
        if sessions and session_page.has_previous
        else None,
        "results": [wire.session(session) for session in sessions],
    }


def _link(
    request: Request, by: Callable[[Session], datetime], session: Session, *, backwards: bool
) -> str:
    cursor = Cursor(SessionPosition(by(session), session.session_id), backwards)
    return replace_query_param(request.build_absolute_uri(), "cursor", encode(cursor))
