"""`POST /v1/chat/completions`: a turn in a session, or, without one, a call that is passed on."""

import json
from dataclasses import replace
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response

from sessions_app import clock
from sessions_app.domain.applications import Scope
from sessions_app.domain.errors import InvalidInput
from sessions_app.http import event_stream
from sessions_app.http.applications import require_session
from sessions_app.http.departure import departure_of
from sessions_app.http.event_stream import TurnSource
from sessions_app.http.input import user_id
from sessions_app.http.waiting import Takes, Waits, takes, waits
from sessions_app.openai_api import messages, naming, parameters, requests, schema, wire
from sessions_app.openai_api.bodies import ParserWithFiles
from sessions_app.openai_api.errors import Required, SessionRequired
from sessions_app.openai_api.naming import Attempt, WantedSession
from sessions_app.openai_api.views import SESSION_HEADER, ModelCallView
from sessions_app.services import relay as pass_through
from sessions_app.services import turns
from sessions_app.services.turns import CompletionRequest, Feed, Reader, SideCall

# How long the answer's status waits for the first words: what fails until then has one of its own.
BEGINNING_SECONDS = 5.0


class ChatCompletionsView(ModelCallView):
    scopes = {"POST": Scope.TURNS}
    parser_classes = (ParserWithFiles,)

    @waits(Waits.FOR_A_MODEL)
    @takes(Takes.FILES_IN_JSON)
    @schema.chat_completions
    def post(self, request: Request) -> HttpResponseBase:
        """Have the model answer; new messages are stored if the request has a session."""
        body = requests.body_of(request)
        wanted = naming.wanted_session(request, body, makes=self.turn_headers.makes_session)
        if wanted is not None:
            return self._in_session(request, body, wanted)
        if require_session(request):
            raise SessionRequired(attr=SESSION_HEADER)
        return (_passed if pass_through.has_server() else _demonstrated)(request, body)

    def _in_session(
        self, request: Request, body: dict[str, Any], wanted: WantedSession
    ) -> HttpResponseBase:
        now = clock.now()
        conversation = messages.conversation(body.get("messages"))
        stream, with_usage = parameters.truth(body, "stream"), parameters.wants_usage(body)
        call = parameters.model_call(body, conversation.instructions)
        since = requests.repeated_since(request, now)
        headers = self.turn_headers
        attempt = Attempt(user_id(request), conversation, body, headers.key, since, now)
        session_id = naming.session_id(
            naming.only_standing(wanted) if headers.stores_nothing else wanted, attempt
        )
        self.answers_for(session_id)
        model = call.model or pass_through.model_name()
        if headers.stores_nothing:
            side_call = SideCall(conversation.messages, call, session_id, is_history=True)
            feed, end = turns.turn_unstored(user_id=attempt.user_id, side_call=side_call, now=now)
            departure_of(request).then(end)
            return _answered(request, feed, model, stream=stream, with_usage=with_usage)
        completion_request = CompletionRequest(
            messages=conversation.messages,
            call=call,
            digest=requests.digest(session_id, body),
            key=headers.key,
            since=since,
            places=conversation.places,
        )
        feed = turns.turn_queued(
            session_id=session_id,
            user_id=attempt.user_id,
            patience=headers.patience,
            start=lambda ticket: turns.completion_start(
                session_id=session_id,
                user_id=attempt.user_id,
                request=replace(completion_request, ticket=ticket),
                now=clock.now() if ticket else now,
            ),
        )
        return _answered(request, feed, model, stream=stream, with_usage=with_usage)


def _answered(
    request: Request, feed: Feed, model: str, *, stream: bool, with_usage: bool
) -> HttpResponseBase:
    if stream:
        return _streamed(request, feed, model, with_usage=with_usage)
    return Response(wire.completion(feed, turns.turn_wait(feed=feed), model))


def _streamed(request: Request, feed: Feed, model: str, *, with_usage: bool) -> HttpResponseBase:
    turns.turn_begun(feed=feed, seconds=BEGINNING_SECONDS)
    chunks = wire.Chunks(feed, model, with_usage=with_usage)
    source = TurnSource(Reader(feed), chunks, chunks.last, chunks.heartbeat)
    return event_stream.response(request, source)


def _passed(request: Request, body: dict[str, Any]) -> HttpResponseBase:
    stream = parameters.truth(body, "stream")
    # A body without a model is for the configured one.
    parameters_sent = {name: value for name, value in body.items() if name != "session_id"}
    payload = {"model": pass_through.model_name(), **parameters_sent}
    parameters.choices_check(payload)
    payload |= parameters.capped_tokens(payload)
    sent = json.dumps(payload, ensure_ascii=False).encode()
    departure = departure_of(request)
    caller, model = user_id(request), parameters.model_name(payload) or pass_through.model_name()
    if not stream:
        answer = pass_through.completion_pass(
            user_id=caller, model=model, body=sent, departed=departure.then
        )
        return HttpResponse(answer.body, content_type=answer.content_type)
    source = pass_through.completion_pass_streamed(
        user_id=caller,
        model=model,
        body=sent,
        failed=wire.error_line,
        heartbeat=wire.HEARTBEAT,
        departed=departure.then,
    )
    return event_stream.response(request, source)


def _demonstrated(request: Request, body: dict[str, Any]) -> HttpResponseBase:
    request_messages = body.get("messages")
    if request_messages is None:
        raise Required(attr="messages")
    is_list = isinstance(request_messages, list) and bool(request_messages)
    if not is_list or not all(isinstance(message, dict) for message in request_messages):
        raise InvalidInput("Expected a list of at least one message.", attr="messages")
    stream, with_usage = parameters.truth(body, "stream"), parameters.wants_usage(body)
    model = parameters.model_name(body) or pass_through.model_name()
    feed, end = pass_through.completion_demonstrate(
        user_id=user_id(request),
        messages=request_messages,
        max_tokens=parameters.token_limit(body),
        now=clock.now(),
    )
    departure_of(request).then(end)
    return _answered(request, feed, model, stream=stream, with_usage=with_usage)
