"""Starts a response: which session it goes on in, and the turn that it is."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sessions_app import tracing
from sessions_app.domain.data import Session, Status
from sessions_app.domain.drafts import MessageDraft
from sessions_app.domain.errors import (
    DuplicateItem,
    Overtaken,
    PreviousNotFound,
    ResponseNotFound,
    SessionError,
    StorageUnavailable,
    TurnInProgress,
)
from sessions_app.domain.items import without_ids
from sessions_app.domain.sessions import lifecycle
from sessions_app.domain.turns import Turn
from sessions_app.repository import log
from sessions_app.services import turns
from sessions_app.services.responses import histories, opening, reading
from sessions_app.services.responses.data import ResponseRequest
from sessions_app.services.sessions.creations import Maker
from sessions_app.services.turns import CompletionRequest, Feed, TurnRequest

_ATTEMPTS = 10
_CLOCKS_APART = timedelta(seconds=2)
_RETRY_SECONDS = 2


@tracing.step
def response_start(*, user_id: str, request: ResponseRequest, now: datetime) -> Feed:
    """Store the new messages in the session that the request goes on in, and have them answered.

    A repeat gets the turn of its first attempt. Raises as `turns.turn_start`, PreviousNotFound, and
    TurnInProgress also where the response that is to be continued has not ended.
    """
    if request.session_id is not None and request.is_history:
        return _with_history(user_id, request.session_id, request, now)
    now = lifecycle.to_milliseconds(now)
    for _ in range(_ATTEMPTS):
        try:
            feed = _attempt(user_id, request, now)
        except Overtaken:
            # Perhaps by this request's own repeat, while it was waiting here.
            request = replace(request, since=request.since or now - _CLOCKS_APART)
            continue
        if feed is not None:
            return feed
    raise StorageUnavailable


def _with_history(user_id: str, session_id: str, request: ResponseRequest, now: datetime) -> Feed:
    """As clients ask that may send the history along: what the session has is not stored again."""
    completion = CompletionRequest(
        messages=request.drafts,
        call=request.call,
        digest=request.digest,
        key=request.key,
        since=request.since,
        places=request.places,
        member="input",
        response=request.terms,
        ticket=request.ticket,
    )
    try:
        return turns.completion_start(
            session_id=session_id, user_id=user_id, request=completion, now=now
        )
    except DuplicateItem:
        # A history that was edited has replies with the ids that they were given here.
        drafts = [replace(draft, items=without_ids(draft.items)) for draft in request.drafts]
        completion = replace(completion, messages=drafts)
        return turns.completion_start(
            session_id=session_id, user_id=user_id, request=completion, now=now
        )


def _attempt(user_id: str, request: ResponseRequest, now: datetime) -> Feed | None:
    if request.session_id is not None:
        session = log.read_header(session_id=request.session_id, user_id=user_id)
        lifecycle.require_readable(session, now=now)
        return _known(session, request, now) or _go_on(session, request, now)
    if request.previous is None:
        return _along(user_id, request, now) or _open(
            user_id, request, opening.session_made(user_id, now), now
        )
    session, previous = previous_of(user_id, request, now)
    if feed := _known(session, request, now):
        return feed
    last = previous.assistant_seq or previous.user_seq
    if session.message_count == last and session.status is Status.ACTIVE:
        return _go_on(session, request, now, behind=last)
    make = opening.fork_made(user_id, session.session_id, last, now)
    return _open(user_id, request, make, now)


def _along(user_id: str, request: ResponseRequest, now: datetime) -> Feed | None:
    """A turn in the session whose history the request sends along; None where there is none."""
    session = histories.session_of(user_id, request, now)
    if session is None:
        return None
    if feed := _known(session, request, now):
        return feed
    rest = histories.without_history(session, request)
    return None if rest is None else _go_on(session, rest, now, behind=session.message_count)


def previous_of(user_id: str, request: ResponseRequest, now: datetime) -> tuple[Session, Turn]:
    """The response that is continued, which has ended, and its session as it is now."""
    name = request.previous
    assert name is not None  # noqa: S101 - the caller has asked
    try:
        session, turn = reading.response_and_session(name=name, user_id=user_id, now=now)
    except ResponseNotFound:
        raise PreviousNotFound(
            f"Previous response with id '{name}' not found.", attr="previous_response_id"
        ) from None
    if not turn.ended:
        raise TurnInProgress(retry_after=_RETRY_SECONDS)
    return session, turn


def _known(session: Session, request: ResponseRequest, now: datetime) -> Feed | None:
    """The turn that an earlier attempt has begun in this session; run again if it failed."""
    return turns.turn_repeated(
        session=session,
        request=_turn_request(request, request.drafts),
        repeatable=request,
        now=now,
    )


def _go_on(
    session: Session, request: ResponseRequest, now: datetime, behind: int | None = None
) -> Feed | None:
    """A turn in a session; with `behind`, only behind that message."""
    # Without a key of the client's own, the same words may be said again.
    _check(request)
    drafts = _keyed(request.drafts, request.key)
    if behind is None and not request.key:
        behind = session.message_count
    return _begin(session, _turn_request(request, drafts, behind), request, now)


def _open(user_id: str, request: ResponseRequest, make: Maker, now: datetime) -> Feed | None:
    """A turn in a session of its own, in which the request's key stands for its one first turn."""
    _check(request)
    opened = opening.opened(user_id, request, make, now)
    session = opened.session
    lifecycle.require_readable(session, now=now)
    turn_request = _turn_request(request, _keyed(request.drafts, request.turn_key))
    try:
        known = None if opened.is_new else _known(session, request, now)
        feed = known or _begin(session, turn_request, request, now)
    except SessionError as error:
        # Of what may have been stored nothing is taken away.
        if not isinstance(error, StorageUnavailable):
            opened.discard()
        raise
    opened.confirm()
    return feed


def _check(request: ResponseRequest) -> None:
    """Raise InvalidInput or TooLarge for what cannot be stored, by its place in the request."""
    turns.completion_check(messages=request.drafts, places=request.places, member="input")


def _begin(
    session: Session, turn_request: TurnRequest, request: ResponseRequest, now: datetime
) -> Feed:
    try:
        return turns.turn_start(
            session_id=session.session_id,
            user_id=session.user_id,
            request=turn_request,
            now=now,
        )
    except TurnInProgress:
        feed = turns.turn_holding(session=session, repeatable=request, now=now)
        if feed is None:
            raise
        return feed


def _turn_request(
    request: ResponseRequest, drafts: Sequence[MessageDraft], behind: int | None = None
) -> TurnRequest:
    return TurnRequest(
        drafts,
        request.call,
        request.turn_key,
        body=request.digest,
        behind=behind,
        response=request.terms,
        ticket=request.ticket,
    )


def _keyed(drafts: Sequence[MessageDraft], key: str | None) -> Sequence[MessageDraft]:
    """The drafts, the last of which stands for all of them under `key`."""
    return drafts if key is None else [*drafts[:-1], replace(drafts[-1], client_id=key)]
