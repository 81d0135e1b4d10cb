"""The actions of staff on conversations: each is logged first, then done, then noted there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sessions_app import tracing
from sessions_app.domain.data import Session
from sessions_app.domain.errors import InvalidInput, SessionError, SessionNotFound
from sessions_app.domain.limits import NOTE_MAX_CHARS
from sessions_app.domain.review import Act, Note, Staff
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.texts.text import is_text
from sessions_app.repository import review
from sessions_app.services import identity
from sessions_app.services.review import read_log, staff_actions
from sessions_app.services.review.read_log import About


@dataclass(frozen=True, slots=True)
class ActionOutcome:
    """The outcome for one conversation; `problem` is empty where the action was done."""

    session_id: str
    problem: str = ""


# A flag or a note without words would tell the next reader nothing.
NEEDS_TEXT = frozenset({Act.FLAG, Act.NOTE})


def text_checked(*, act: Act, text: str) -> str:
    """The trimmed text of an action; raises InvalidInput naming `text`."""
    text = text.strip()
    if act in NEEDS_TEXT and not text:
        raise InvalidInput("Write a few words.", attr="text")
    if len(text) > NOTE_MAX_CHARS or not is_text(text):
        raise InvalidInput(f"At most {NOTE_MAX_CHARS:,} characters of text.", attr="text")
    return text


@tracing.step
def act_on(
    *, session_ids: Sequence[str], act: Act, text: str, staff: Staff, now: datetime
) -> list[ActionOutcome]:
    """Carry out an action on each conversation; one that fails does not stop the others."""
    return [_act_on_one(session_id, act, text, staff, now) for session_id in session_ids]


def _act_on_one(session_id: str, act: Act, text: str, staff: Staff, now: datetime) -> ActionOutcome:
    at = lifecycle.to_milliseconds(now)
    try:
        session = review.conversations.read_one(session_id).session
    except SessionNotFound as error:
        return ActionOutcome(session_id, error.detail)
    # Logged before it is done: a crash may leave a line without its act, never the reverse.
    read_log.log_write(staff=staff, act=act, now=now, about=[About(session_id, session.user_id)])
    try:
        _DO[act](session, at)
    except SessionError as error:
        # The log must not claim an action that did not happen.
        refused = About(session_id, session.user_id, {"refused": error.code})
        read_log.log_write(staff=staff, act=act, now=now, about=[refused])
        return ActionOutcome(session_id, error.detail)
    # A note would belong to a session that is gone.
    if act is not Act.DELETE:
        review.notes.insert(session_id, Note(identity.new_line_id(), at, staff.name, act, text))
    return ActionOutcome(session_id)


def notes(*, session_id: str, limit: int) -> Sequence[Note]:
    """The newest notes on a conversation, newest first."""
    return review.notes.newest(session_id, limit=limit)


def _flag(session: Session, now: datetime) -> None:
    review.conversations.set_flag(session_id=session.session_id, at=now)


def _resolve(session: Session, _: datetime) -> None:
    review.conversations.set_flag(session_id=session.session_id, at=None)


def _nothing(_session: Session, _now: datetime) -> None:
    """Change nothing: a note is stored by `_act_on_one`, as after every action."""


def _archive(session: Session, now: datetime) -> None:
    staff_actions.session_archive_any(session_id=session.session_id, now=now)


def _restore(session: Session, now: datetime) -> None:
    staff_actions.session_restore_any(session_id=session.session_id, now=now)


def _hold(session: Session, _: datetime) -> None:
    staff_actions.session_hold_any(session_id=session.session_id, legal_hold=True)


def _release(session: Session, _: datetime) -> None:
    staff_actions.session_hold_any(session_id=session.session_id, legal_hold=False)


def _delete(session: Session, _: datetime) -> None:
    staff_actions.session_delete_any(session_id=session.session_id)


_DO: dict[Act, Callable[[Session, datetime], None]] = {
    Act.FLAG: _flag,
    Act.NOTE: _nothing,
    Act.RESOLVE: _resolve,
    Act.ARCHIVE: _archive,
    Act.RESTORE: _restore,
    Act.HOLD: _hold,
    Act.RELEASE: _release,
    Act.DELETE: _delete,
}
