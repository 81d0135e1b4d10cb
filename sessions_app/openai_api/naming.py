"""Which session a request is for: the one it names, a new one, or that of whoever it speaks for."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from rest_framework.request import Request

from sessions_app.domain import alignment
from sessions_app.domain.data import Role, Session
from sessions_app.domain.drafts import SessionDraft
from sessions_app.domain.errors import SessionNotFound
from sessions_app.domain.limits import METADATA_VALUE_MAX_CHARS
from sessions_app.domain.sessions import names as session_names
from sessions_app.openai_api import requests
from sessions_app.openai_api.errors import NoSuchSession, UnsupportedValue
from sessions_app.openai_api.messages import Conversation
from sessions_app.services import turns
from sessions_app.services.sessions import named as named_sessions
from sessions_app.services.sessions.named import Keeps

# The new name of the parameter and the old one. What either holds is the application's own.
_OF_USERS = ("safety_identifier", "user")


@dataclass(frozen=True, slots=True)
class WantedSession:
    """What a request says of its session: its `name`, or `user`, whom an application speaks for.

    `makes` says whether one that is not there is to be made.
    """

    name: str | None = None
    user: str | None = None
    makes: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request of `user_id`, read and found valid; `since` is set for a repeat.

    `member` is what holds its messages.
    """

    user_id: str
    conversation: Conversation
    body: Mapping[str, Any]
    key: str | None
    since: datetime | None
    now: datetime
    member: str = "messages"


def wanted_session(
    request: Request, body: Mapping[str, Any], *, makes: bool
) -> WantedSession | None:
    """The session that a request wants; None where it is to be passed on."""
    name = requests.session_name(request, body)
    if name == session_names.NONE:
        return None
    if name is not None:
        return WantedSession(name=name, makes=makes)
    user = _user(body) if settings.OPENAI_SESSIONS == "by_user" else None
    return WantedSession(user=user, makes=True) if user else None


def only_standing(wanted: WantedSession) -> WantedSession:
    """The same where nothing is to be stored, so that none is made; raises UnsupportedValue."""
    if wanted.name == session_names.NEW:
        raise UnsupportedValue("A new session has nothing to be read.", attr="X-Session-Store")
    if wanted.name is None:
        raise UnsupportedValue("Name the session that is to be read.", attr="X-Session-Store")
    return replace(wanted, makes=False)


def _user(body: Mapping[str, Any]) -> str | None:
    values = (body.get(name) for name in _OF_USERS)
    return next((value for value in values if isinstance(value, str) and value), None)


def session_id(wanted: WantedSession, attempt: Attempt) -> str:
    """The id of the session, which is made if need be, after all that could be refused.

    Raises NoSuchSession, whose message says how to make one.
    """
    if wanted.name == session_names.NEW:
        return _made_for(attempt)
    if wanted.user is not None:
        return _of_user(wanted.user, attempt)
    assert wanted.name is not None  # noqa: S101 - see `wanted_session`
    try:
        return named_sessions.session_find(
            name=wanted.name, user_id=attempt.user_id, now=attempt.now, only_standing=wanted.makes
        ).session_id
    except SessionNotFound as error:
        if not wanted.makes:
            raise NoSuchSession from error
    session_names.check_external_id(wanted.name, attr="session_id")
    return _opened(wanted.name, attempt, SessionDraft(external_id=wanted.name))


def conversation_session_id(conversation_id: str, whose: str, now: datetime) -> str:
    """The id of the session that a conversation's name means, which may be its owner's own.

    Raises SessionNotFound; whether there is a session of an id that looks like ours, others find.
    """
    session_id = session_names.without_prefix(conversation_id)
    if session_names.is_session_id(session_id):
        return session_id
    return named_sessions.session_find(name=conversation_id, user_id=whose, now=now).session_id


def _of_user(user: str, attempt: Attempt) -> str:
    """An application's user goes on in the session that began with the same message."""
    drafts = attempt.conversation.messages
    first = next((draft for draft in drafts if draft.role is Role.USER), drafts[0])
    name = session_names.name_of_opening(user, alignment.key(first))
    metadata = {"user": user} if len(user) <= METADATA_VALUE_MAX_CHARS else {}
    draft = SessionDraft(metadata=metadata)
    return _opened(name, attempt, draft, named_sessions.while_it_takes_messages)


def _made_for(attempt: Attempt) -> str:
    """A new session, which repeats of this request find by its key, or by what they ask."""
    if attempt.key is not None:
        name = session_names.name_of_request(f"key {attempt.key}")
        return _opened(name, attempt, SessionDraft())

    def is_of_this_request(session: Session, _: datetime) -> bool:
        return attempt.since is not None and session.created_at >= attempt.since

    name = session_names.name_of_request(requests.digest("", attempt.body))
    return _opened(name, attempt, SessionDraft(), is_of_this_request)


def _opened(
    name: str,
    attempt: Attempt,
    draft: SessionDraft,
    keeps: Keeps = named_sessions.while_it_stands,
) -> str:
    whose: dict[str, Any] = {"name": name, "user_id": attempt.user_id, "now": attempt.now}
    standing = named_sessions.session_named(**whose, keeps=keeps)
    if standing is not None:
        return standing.session_id
    turns.completion_check(
        messages=attempt.conversation.messages,
        places=attempt.conversation.places,
        member=attempt.member,
    )
    return named_sessions.session_open(**whose, draft=draft, keeps=keeps).session.session_id
