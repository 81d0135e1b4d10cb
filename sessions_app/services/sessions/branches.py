"""Branches of a session: a message takes another's place, and an earlier one can come back."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sessions_app.domain.data import Message, Role
from sessions_app.domain.errors import (
    InvalidInput,
    MessageNotFound,
    StorageUnavailable,
    TurnInProgress,
)
from sessions_app.domain.limits import BRANCHES_MESSAGES
from sessions_app.domain.sessions import branches as rules
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.sessions.branches import Mark
from sessions_app.repository import log
from sessions_app.repository.sessions import branches

# A switch is one guarded write; so many attempts fail only under a storm of other writes.
_ATTEMPTS = 20


def require_replaceable(*, session_id: str, user_id: str, seq: int, key: str | None) -> None:
    """Raise InvalidInput unless the message at `seq` is the user's own and current.

    One that the message with this key has replaced already is fine: the request is a repeat.
    """
    _, messages = log.read_range(session_id=session_id, user_id=user_id, first=seq, last=seq)
    replaced = messages[0] if messages else None
    if replaced is None or replaced.role is not Role.USER or replaced.deleted:
        raise InvalidInput("No message of the user's has this seq.", attr="replaces")
    if replaced.superseded_by is None:
        return
    by = replaced.superseded_by
    _, messages = log.read_range(session_id=session_id, user_id=user_id, first=by, last=by)
    if key is None or not messages or messages[0].client_id != key:
        raise InvalidInput("Another message has taken its place already.", attr="replaces")


def message_replace(*, session_id: str, user_id: str, seq: int, by: int) -> None:
    """Let the message at `by` take the place of the one at `seq` and all that followed it.

    Doing it again changes nothing.
    """

    def marks(messages: Sequence[Message]) -> Mapping[int, Mark | None]:
        return rules.replaced(messages, seq=seq, by=by)

    _write(session_id, user_id, seq, marks)


def branch_make_current(*, session_id: str, user_id: str, seq: int, now: datetime) -> list[Message]:
    """Make the message at `seq` and what followed it current; the messages that this changed.

    What stood in its place is superseded by it. Raises SessionNotFound, SessionExpired,
    SessionArchived, MessageNotFound, and TurnInProgress, as a reply belongs to the branch that its
    model was sent.
    """
    now = lifecycle.to_milliseconds(now)
    session = log.read_header(session_id=session_id, user_id=user_id)
    lifecycle.require_writable(session, now=now)
    if session.in_turn:
        raise TurnInProgress(retry_after=log.TURN_RETRY_SECONDS)
    if not 1 <= seq <= session.message_count:
        raise MessageNotFound

    def marks(messages: Sequence[Message]) -> Mapping[int, Mark | None]:
        return rules.switched(messages, seq=seq)

    changed = _write(session_id, user_id, min(seq, session.message_count), marks, now)
    if not changed:
        return []
    _, messages = log.read_range(
        session_id=session_id, user_id=user_id, first=min(changed), last=max(changed)
    )
    return [message for message in messages if message.seq in changed]


def _write(
    session_id: str,
    user_id: str,
    seq: int,
    marks_of: Callable[[Sequence[Message]], Mapping[int, Mark | None]],
    now: datetime | None = None,
) -> Mapping[int, Mark | None]:
    """Write the marks that follow from the messages; they are read again when others changed."""
    for _ in range(_ATTEMPTS):
        header = log.read_header(session_id=session_id, user_id=user_id)
        first = min(seq, header.message_count - BRANCHES_MESSAGES + 1)
        session, messages = log.read_range(
            session_id=session_id, user_id=user_id, first=first, last=header.message_count
        )
        marks = marks_of(messages)
        if not marks or branches.write(session=session, marks=marks, now=now):
            return marks
    raise StorageUnavailable
