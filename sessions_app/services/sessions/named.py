"""Sessions found by the names that clients give them, and made under them.

A name leads to one session of its owner. One that is gone frees its name. So does one that has
expired where expiry means deletion, whether or not a sweep has passed: unless it is under legal
hold, it is as good as deleted.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import NamedTuple

from django.conf import settings

from sessions_app import tracing
from sessions_app.domain.data import Session, Status
from sessions_app.domain.drafts import SessionDraft
from sessions_app.domain.errors import SessionNotFound, StorageUnavailable
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.sessions import names as session_names
from sessions_app.repository import log
from sessions_app.repository.sessions import names as stored_names
from sessions_app.repository.sessions.names import NameTaken
from sessions_app.services.sessions import session_create

# An attempt fails only because another request has just claimed the name.
_ATTEMPTS = 10


class Opened(NamedTuple):
    """A session that was opened by its name, and whether it was made for that."""

    session: Session
    is_new: bool


Keeps = Callable[[Session, datetime], bool]
"""Whether a session keeps its name at that time; else a new one gets it."""


def while_it_stands(session: Session, now: datetime) -> bool:
    """Until it is deleted, or as good as deleted."""
    has_ended = lifecycle.has_expired(session, now=now) and not session.legal_hold
    return not (has_ended and (session.temporary or settings.EXPIRY_MODE == "delete"))


def while_it_takes_messages(session: Session, now: datetime) -> bool:
    """Until it expires or is archived, too."""
    return session.status is Status.ACTIVE and not lifecycle.has_expired(session, now=now)


@tracing.step
def session_find(*, name: str, user_id: str, now: datetime, only_standing: bool = False) -> Session:
    """The session that a client means by `name`: its id, or an id of the client's own.

    With `only_standing`, not one that has expired where that means deletion. Raises
    SessionNotFound.
    """
    for session_id in _candidates(name, user_id):
        session = _read(session_id, user_id)
        if session is not None and not (only_standing and not while_it_stands(session, now)):
            return session
    raise SessionNotFound


def _candidates(name: str, user_id: str) -> Iterator[str]:
    """A session's own id is what a client has from here, so it comes first."""
    plain_name = session_names.without_prefix(name)
    yield plain_name
    for own_id in dict.fromkeys((name, plain_name)):
        if session_names.is_external_id(own_id) and (
            named := stored_names.find(name=own_id, user_id=user_id)
        ):
            yield named


@tracing.step
def session_open(
    *,
    name: str,
    user_id: str,
    draft: SessionDraft,
    now: datetime,
    keeps: Keeps = while_it_stands,
) -> Opened:
    """The session of that name, made from `draft` if there is none; of many at once, one makes it.

    Raises as `session_create`.
    """
    for _ in range(_ATTEMPTS):
        session_id = stored_names.find(name=name, user_id=user_id)
        session = _read(session_id, user_id) if session_id else None
        if session is not None and keeps(session, now):
            return Opened(session, is_new=False)
        try:
            made = session_create(
                user_id=user_id, draft=draft, now=now, name=name, replaced=session_id
            )
        except NameTaken:
            continue
        return Opened(made, is_new=True)
    raise StorageUnavailable


@tracing.step
def session_named(
    *, name: str, user_id: str, now: datetime, keeps: Keeps = while_it_stands
) -> Session | None:
    """The session of that name, if it keeps it."""
    session_id = stored_names.find(name=name, user_id=user_id)
    session = _read(session_id, user_id) if session_id else None
    return session if session is not None and keeps(session, now) else None


def _read(session_id: str, user_id: str) -> Session | None:
    try:
        return log.read_header(session_id=session_id, user_id=user_id)
    except SessionNotFound:
        return None
