"""Reads a request for a response, and the session that it goes on in."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from rest_framework.request import Request

from sessions_app.domain.errors import InvalidInput, PreviousNotFound
from sessions_app.domain.items import ItemBatch
from sessions_app.domain.responses import ResponseName, ResponseTerms, response_name
from sessions_app.domain.sessions import names as session_names
from sessions_app.http.applications import require_session
from sessions_app.http.input import user_id
from sessions_app.openai_api import naming, requests
from sessions_app.openai_api.errors import (
    NoSuchSession,
    SessionRequired,
    UnknownParameter,
    Unsupported,
    UnsupportedValue,
)
from sessions_app.openai_api.naming import Attempt, WantedSession
from sessions_app.openai_api.responses import inputs, parameters
from sessions_app.openai_api.turn_headers import TurnHeaders
from sessions_app.openai_api.views import SESSION_HEADER
from sessions_app.services.responses import ResponseRequest


@dataclass(frozen=True, slots=True)
class _Continuation:
    """Where a request goes on: in a `conversation`, behind a response, or in a `wanted` session.

    With none of them it makes a session of its own. `store` says whether anything is kept.
    """

    conversation: str | None
    previous: ResponseName | None
    wanted: WantedSession | None
    store: bool

    @property
    def is_named(self) -> bool:
        """Whether the request itself says where it goes on."""
        is_wanted = self.wanted is not None and self.wanted.name is not None
        return bool(self.conversation or self.previous or is_wanted)

    @property
    def is_history(self) -> bool:
        """Whether the input may be the history, as with completions in a session."""
        return self.wanted is not None and not self.previous


def response_request(
    request: Request, body: Mapping[str, Any], headers: TurnHeaders, now: datetime
) -> tuple[ResponseRequest, bool]:
    """What is asked for, and whether it is to be stored; raises InvalidInput naming what is wrong.

    Nothing has been stored then. A session that is to be made under a name is made last.
    """
    background = parameters.truth(body, "background", default=False)
    call = parameters.model_call(body)
    continuation = _continuation(request, body, headers)
    if background and not continuation.store:
        raise UnsupportedValue("A response in the background is stored.", attr="background")
    batch = inputs.read_input(
        body.get("input"),
        user_id=user_id(request),
        in_session=continuation.is_named,
        is_history=continuation.is_history,
    )
    repeated = parameters.repeated(body, store=continuation.store)
    if continuation.is_history:
        conversation = inputs.history(batch)
        call = replace(call, instructions=(*call.instructions, *conversation.instructions))
        batch = inputs.without_instructions(batch, conversation)
    session_id = _session_id(request, body, headers.key, continuation, batch, now)
    asking = ResponseRequest(
        batch.drafts,
        call,
        ResponseTerms(
            parameters=repeated,
            in_conversation=session_id is not None and continuation.is_named,
            background=background,
            previous=None if continuation.previous is None else str(continuation.previous),
        ),
        digest=requests.digest(str(continuation.previous or session_id or ""), body),
        session_id=session_id,
        previous=continuation.previous,
        key=headers.key,
        since=requests.repeated_since(request, now),
        repeats=requests.repeat_count(request),
        item_ids=() if continuation.is_named or session_id else sorted(batch.ids),
        is_history=continuation.is_history and session_id is not None,
        places=batch.positions,
    )
    return asking, continuation.store


def _continuation(request: Request, body: Mapping[str, Any], headers: TurnHeaders) -> _Continuation:
    store = parameters.truth(body, "store", default=True)
    previous = _previous(body)
    conversation = _conversation(body.get("conversation"))
    wanted = naming.wanted_session(request, body, makes=headers.makes_session)
    if not (previous or conversation or wanted) and require_session(request):
        raise SessionRequired(attr=SESSION_HEADER)
    if previous and conversation:
        raise Unsupported(
            "Name a conversation or a response to continue, not both.",
            attr="previous_response_id",
        )
    names_none = requests.session_name(request, body) == session_names.NONE
    if names_none or headers.stores_nothing:
        store = False
        if body.get("store"):
            raise UnsupportedValue("A response that is stored has a session.", attr="store")
    if names_none:
        return _Continuation(conversation, previous, None, store=False)
    # A new session is what a request makes anyway that names none.
    is_new = wanted is not None and wanted.name == session_names.NEW
    is_guessed = wanted is not None and wanted.name is None
    if is_new or (is_guessed and (previous or conversation or not store)):
        wanted = None
    return _Continuation(conversation, previous, wanted, store)


def _session_id(
    request: Request,
    body: Mapping[str, Any],
    key: str | None,
    continuation: _Continuation,
    batch: ItemBatch,
    now: datetime,
) -> str | None:
    """The session that the request names, in whatever ways; None where it names none."""
    whose = user_id(request)
    conversation = continuation.conversation and naming.conversation_session_id(
        continuation.conversation, whose, now
    )
    if continuation.wanted is None:
        return conversation
    wanted = continuation.wanted
    if conversation or continuation.previous or not continuation.store:
        # There is one to go on in, or nothing to keep in one.
        wanted = replace(wanted, makes=False)
    attempt = Attempt(
        whose,
        inputs.history(batch),
        body,
        key,
        requests.repeated_since(request, now),
        now,
        member="input",
    )
    other, attr = conversation, "conversation"
    if continuation.previous:
        other, attr = continuation.previous.session_id, "previous_response_id"
    try:
        session_id = naming.session_id(wanted, attempt)
    except NoSuchSession:
        if not continuation.wanted.makes:
            raise
        # It is not made: there is one to go on in, or nothing to keep in it.
        session_id = None
    if other is not None and session_id != other:
        raise UnsupportedValue("Two sessions are named.", attr=attr)
    return None if continuation.previous else session_id


def _previous(body: Mapping[str, Any]) -> ResponseName | None:
    """The response that is continued."""
    value = body.get("previous_response_id")
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidInput("Expected text.", attr="previous_response_id")
    previous = response_name(value)
    if previous is None:
        raise PreviousNotFound(
            f"Previous response with id '{value[:128]}' not found.", attr="previous_response_id"
        )
    return previous


def _conversation(value: Any) -> str | None:
    """The id in `conversation`, which is text or an object."""
    if value is None:
        return None
    is_object = isinstance(value, dict)
    name = value.get("id") if is_object else value
    if not isinstance(name, str) or not name:
        path = "conversation.id" if is_object else "conversation"
        raise InvalidInput("Expected the id of a conversation.", attr=path)
    for other in value.keys() - {"id"} if is_object else ():
        path = f"conversation.{other}"[:200]
        raise UnknownParameter(f"Unknown parameter: '{path}'.", attr=path)
    return name
