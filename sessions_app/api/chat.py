"""`/session/{id}/chat`: start, regenerate, stream, resume and cancel turns."""

from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api import event_stream
from sessions_app.api.description import chat as described
from sessions_app.api.negotiation import AcceptIgnored
from sessions_app.api.wire import turns as wire
from sessions_app.domain.errors import ProviderBusy, ProviderRefused, SessionError
from sessions_app.http.input import NoMembers, QueryView, idempotency_key, user_id, validated
from sessions_app.http.throttles import ChatThrottle
from sessions_app.http.waiting import Waits, waits
from sessions_app.services import turns
from sessions_app.services.turns import Feed, ModelCall, Reader, TurnRequest

# A model call in this process stops at once, one on another worker within a second or so.
CANCEL_WAIT_SECONDS = 10.0
# How long a stream's status waits for the first words: a refusal until then has one of its own.
BEGINNING_SECONDS = 1.0


class ChatViewSet(ViewSet, QueryView):
    """The turns of one of the caller's sessions."""

    content_negotiation_class = AcceptIgnored

    def get_throttles(self) -> list[BaseThrottle]:
        """Requests that call a model count against a rate of their own, too."""
        calls_a_model = self.action in {"create", "regenerate"}
        return [*super().get_throttles(), *([ChatThrottle()] if calls_a_model else [])]

    @waits(Waits.FOR_A_MODEL)
    @described.chat_create
    def create(self, request: Request, session_id: str) -> HttpResponseBase:
        """Store the user's message, have the model answer it, and store the reply."""
        data = validated(wire.ChatInput, request.data)
        draft = wire.question(data, client_id=idempotency_key(request))
        feed = turns.turn_start(
            session_id=session_id,
            user_id=user_id(request),
            request=TurnRequest([draft], _call(data)),
            now=clock.now(),
        )
        return _answer(request, feed, stream=data["stream"])

    @waits(Waits.FOR_A_MODEL)
    @described.chat_regenerate
    def regenerate(self, request: Request, session_id: str) -> HttpResponseBase:
        """Have the model reply to the last user message again; earlier replies stay readable."""
        data = validated(wire.RegenerateInput, request.data)
        feed = turns.turn_regenerate(
            session_id=session_id,
            user_id=user_id(request),
            client_id=data.get("client_id") or idempotency_key(request),
            call=_call(data),
            now=clock.now(),
        )
        return _answer(request, feed, stream=data["stream"])

    @described.chat_stream
    def stream(self, request: Request, session_id: str) -> HttpResponseBase:
        """Stream the turn in progress, or the turn of `Last-Event-ID` from that event on."""
        after = turns.place(request.headers.get("Last-Event-ID", ""))
        feed = turns.turn_attach(
            session_id=session_id, user_id=user_id(request), after=after, now=clock.now()
        )
        if feed is None:
            return Response(status=204)
        return event_stream.response(request, Reader(feed, after))

    @waits(Waits.FOR_A_STOP)
    @described.chat_cancel
    def cancel(self, request: Request, session_id: str) -> Response:
        """Stop the turn in progress; the part of the reply that has come so far is stored."""
        validated(NoMembers, request.data)
        feed = turns.turn_cancel(session_id=session_id, user_id=user_id(request), now=clock.now())
        if feed is None:
            return Response(status=204)
        return Response(wire.cancelled(turns.turn_wait(feed=feed, seconds=CANCEL_WAIT_SECONDS)))


def _call(data: dict[str, Any]) -> ModelCall:
    return ModelCall(model=data.get("model"), max_tokens=data.get("max_tokens"))


def _answer(request: Request, feed: Feed, *, stream: bool) -> HttpResponseBase:
    if stream:
        _refuse_as_the_model(feed)
        return event_stream.response(request, Reader(feed))
    return Response(wire.result(turns.turn_wait(feed=feed)))


def _refuse_as_the_model(feed: Feed) -> None:
    """Raise what a model's server refuses at once; any other failure is an event of the stream."""
    try:
        turns.turn_begun(feed=feed, seconds=BEGINNING_SECONDS)
    except (ProviderRefused, ProviderBusy):
        raise
    except SessionError:
        return
