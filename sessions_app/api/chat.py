"""`/session/{id}/chat`: turns, asked for, streamed, taken up again, stopped."""

from typing import Any

from django.http import HttpResponseBase
from django.utils import timezone
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.viewsets import ViewSet

from sessions_app.api import event_stream
from sessions_app.api.description import chat as described
from sessions_app.api.wire import turns as wire
from sessions_app.domain.data import Role
from sessions_app.domain.drafts import MessageDraft
from sessions_app.http.input import idempotency_key, user_id, validated
from sessions_app.http.throttles import ChatThrottle
from sessions_app.services import turns
from sessions_app.services.turns import Feed, ModelCall, Reader, TurnRequest

# Nearly always the model call ends at once; where it runs on another worker, in a second.
CANCEL_WAIT_SECONDS = 10.0


class _EitherForm(BaseContentNegotiation):
    """The body says whether events are wanted, so `Accept` has no say."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        return renderers[0], renderers[0].media_type


class ChatViewSet(ViewSet):
    """The turns of one of the caller's sessions."""

    content_negotiation_class = _EitherForm

    def get_throttles(self) -> list[BaseThrottle]:
        """What calls a model is counted once more."""
        calls_a_model = self.action in {"create", "regenerate"}
        return [*super().get_throttles(), *([ChatThrottle()] if calls_a_model else [])]

    @described.chat_create
    def create(self, request: Request, session_id: str) -> HttpResponseBase:
        """Store the user's message, have the model answer it, and store the reply."""
        wanted = validated(wire.ChatInput, request.data)
        draft = MessageDraft(
            role=Role.USER,
            content=wanted["content"],
            client_id=wanted.get("client_id") or idempotency_key(request),
        )
        feed = turns.turn_start(
            session_id=session_id,
            user_id=user_id(request),
            request=TurnRequest([draft], _call(wanted)),
            now=timezone.now(),
        )
        return _answer(feed, stream=wanted["stream"])

    @described.chat_regenerate
    def regenerate(self, request: Request, session_id: str) -> HttpResponseBase:
        """Have the model reply anew to the last user message; earlier replies stay to be seen."""
        wanted = validated(wire.RegenerateInput, request.data)
        feed = turns.turn_regenerate(
            session_id=session_id,
            user_id=user_id(request),
            client_id=wanted.get("client_id") or idempotency_key(request),
            call=_call(wanted),
            now=timezone.now(),
        )
        return _answer(feed, stream=wanted["stream"])

    @described.chat_stream
    def stream(self, request: Request, session_id: str) -> HttpResponseBase:
        """Take up the turn in progress, or the one that `Last-Event-ID` is of, from there on."""
        after = turns.place(request.headers.get("Last-Event-ID", ""))
        feed = turns.turn_attach(
            session_id=session_id, user_id=user_id(request), after=after, now=timezone.now()
        )
        if feed is None:
            return Response(status=204)
        return event_stream.response(Reader(feed, after))

    @described.chat_cancel
    def cancel(self, request: Request, session_id: str) -> Response:
        """Stop the turn in progress; what the model has said so far is stored."""
        feed = turns.turn_cancel(
            session_id=session_id, user_id=user_id(request), now=timezone.now()
        )
        if feed is None:
            return Response(status=204)
        return Response(wire.cancelled(turns.turn_wait(feed=feed, seconds=CANCEL_WAIT_SECONDS)))


def _call(wanted: dict[str, Any]) -> ModelCall:
    return ModelCall(model=wanted.get("model"), max_tokens=wanted.get("max_tokens"))


def _answer(feed: Feed, *, stream: bool) -> HttpResponseBase:
    if stream:
        return event_stream.response(Reader(feed))
    return Response(wire.result(turns.turn_wait(feed=feed)))
