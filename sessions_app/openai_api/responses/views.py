"""`/v1/responses`: create, retrieve, resume, cancel and delete responses; list their input."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import clock
from sessions_app.domain.applications import Scope
from sessions_app.domain.errors import InvalidInput, ResponseNotFound
from sessions_app.domain.items import items_of
from sessions_app.domain.responses import ResponseName, ResponseTerms, response_name
from sessions_app.domain.sessions import names as session_names
from sessions_app.http import event_stream
from sessions_app.http.departure import departure_of
from sessions_app.http.event_stream import TurnSource
from sessions_app.http.input import user_id
from sessions_app.http.waiting import Takes, Waits, takes, waits
from sessions_app.openai_api import requests
from sessions_app.openai_api.bodies import ParserWithFiles
from sessions_app.openai_api.chat_completions import BEGINNING_SECONDS
from sessions_app.openai_api.responses import formats, parameters, schema, wire
from sessions_app.openai_api.responses.events import Events
from sessions_app.openai_api.responses.pages import item_page
from sessions_app.openai_api.responses.requests import response_request
from sessions_app.openai_api.views import ModelCallView, OpenAIView
from sessions_app.services import responses, turns
from sessions_app.services.responses import ResponseRequest
from sessions_app.services.turns import Feed, Patience, Reader

# A model call in this process stops at once, one on another worker within a second or so.
CANCEL_WAIT_SECONDS = 10.0
# OpenAI's packages write a list in either form.
_INCLUDE = ("include", "include[]")
_QUERY = ("stream", "starting_after", "include_obfuscation", *_INCLUDE)


class ResponsesView(ModelCallView):
    scopes = {"POST": Scope.TURNS}
    parser_classes = (ParserWithFiles,)

    @waits(Waits.FOR_A_MODEL)
    @takes(Takes.FILES_IN_JSON)
    @schema.responses_create
    def post(self, request: Request) -> HttpResponseBase:
        """Have the model answer: in a conversation, behind a response, or in a new session."""
        now = clock.now()
        body = requests.body_of(request)
        stream = parameters.truth(body, "stream", default=False)
        asking, store = response_request(request, body, self.turn_headers, now)
        terms = asking.terms
        self.answers_for(_session_of(asking))
        if store:
            feed = _begun(user_id(request), asking, self.turn_headers.patience)
        else:
            feed, end = responses.response_unstored(
                user_id=user_id(request), request=asking, now=now
            )
            departure_of(request).then(end)
        if feed.session_id:
            self.answers_for(feed.session_id)
        if terms.background:
            return _streamed(request, feed, terms) if stream else _whole(feed, terms)
        if stream:
            turns.turn_begun(feed=feed, seconds=BEGINNING_SECONDS)
            return _streamed(request, feed, terms)
        turns.turn_wait(feed=feed)
        return _whole(feed, terms)


class ResponseView(OpenAIView):
    scopes = {"GET": Scope.SESSIONS_READ, "DELETE": Scope.SESSIONS_WRITE}

    @schema.responses_retrieve
    def get(self, request: Request, response_id: str) -> HttpResponseBase:
        """Show a response as far as it is, or stream its events, from the beginning or later."""
        name, query = _name(response_id), request.query_params
        requests.check_query(request, _QUERY)
        formats.check_include(_listed(query) or None)
        _truth(query, "include_obfuscation")
        if _truth(query, "stream"):
            after = _number(query, "starting_after")
            feed, terms = responses.response_feed(
                name=name, user_id=user_id(request), now=clock.now()
            )
            self.answers_for(name.session_id)
            return _streamed(request, feed, terms, after=-1 if after is None else after)
        state = responses.response_get(name=name, user_id=user_id(request), now=clock.now())
        self.answers_for(name.session_id)
        return Response(wire.response(state))

    @waits(Waits.FOR_A_STOP)
    @schema.responses_delete
    def delete(self, request: Request, response_id: str) -> Response:
        """Delete a response; the words that it brought go unless they are a conversation's."""
        name = _name(response_id)
        feed = responses.response_cancel(name=name, user_id=user_id(request), now=clock.now())
        if feed is not None:
            turns.turn_wait(feed=feed, seconds=CANCEL_WAIT_SECONDS)
        responses.response_delete(name=name, user_id=user_id(request), now=clock.now())
        return Response({"id": response_id, "object": "response", "deleted": True})


class CancelView(OpenAIView):
    scopes = {"POST": Scope.TURNS}

    @waits(Waits.FOR_A_STOP)
    @schema.responses_cancel
    def post(self, request: Request, response_id: str) -> Response:
        """Stop a response; of one that has ended, say how it ended."""
        name = _name(response_id)
        feed = responses.response_cancel(name=name, user_id=user_id(request), now=clock.now())
        if feed is not None:
            turns.turn_wait(feed=feed, seconds=CANCEL_WAIT_SECONDS)
        state = responses.response_get(name=name, user_id=user_id(request), now=clock.now())
        self.answers_for(name.session_id)
        return Response(wire.response(state))


class InputItemsView(OpenAIView):
    scopes = {"GET": Scope.SESSIONS_READ}

    @schema.responses_input_items
    def get(self, request: Request, response_id: str) -> Response:
        """List the items that a response's request brought."""
        name = _name(response_id)
        requests.check_query(request, ("after", "limit", "order", *_INCLUDE))
        formats.check_include(_listed(request.query_params) or None)
        messages = responses.response_input(name=name, user_id=user_id(request), now=clock.now())
        self.answers_for(name.session_id)
        items = [item for message in messages for item in items_of(message)]
        return Response(item_page(items, request.query_params))


def _begun(whose: str, asking: ResponseRequest, patience: Patience) -> Feed:
    """The response's turn, behind that in progress in the session that it goes on in."""
    return turns.turn_queued(
        session_id=_session_of(asking),
        user_id=whose,
        patience=patience,
        start=lambda ticket: responses.response_start(
            user_id=whose, request=replace(asking, ticket=ticket), now=clock.now()
        ),
    )


def _session_of(asking: ResponseRequest) -> str:
    """The session that a request names, as its answer does."""
    if asking.previous is not None:
        return asking.previous.session_id
    return asking.session_id or session_names.NONE


def _whole(feed: Feed, terms: ResponseTerms) -> Response:
    return Response(wire.response(responses.response_state(feed, terms)))


def _streamed(
    request: Request, feed: Feed, terms: ResponseTerms, after: int = -1
) -> HttpResponseBase:
    events = Events(feed, terms, after=after)
    return event_stream.response(request, TurnSource(Reader(feed), events, events.last))


def _name(response_id: str) -> ResponseName:
    name = response_name(response_id)
    if name is None:
        raise ResponseNotFound
    return name


def _listed(query: Mapping[str, Any]) -> list[str]:
    getlist: Any = getattr(query, "getlist", None)
    return [value for name in _INCLUDE for value in getlist(name)] if getlist else []


def _truth(query: Mapping[str, Any], name: str) -> bool:
    value = query.get(name)
    if value not in (None, "true", "false"):
        raise InvalidInput("Expected true or false.", attr=name)
    return bool(value == "true")


def _number(query: Mapping[str, Any], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) < 10):
        raise InvalidInput("Expected a whole number.", attr=name)
    return int(value)
