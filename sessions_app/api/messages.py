"""`/session/{id}/message` and `/session/{id}/messages`: append, read and erase messages."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app.api import description, wire
from sessions_app.api.serializers import BatchInput, MessageInput, MessagesQuery, message_draft
from sessions_app.domain.errors import MessageNotFound
from sessions_app.domain.limits import BATCH_MAX_MESSAGES
from sessions_app.http.requests import idempotency_key, user_id, validated
from sessions_app.services import messages

_SEQ_DIGITS = 11


class MessageViewSet(ViewSet):
    """The messages of one of the caller's sessions."""

    @description.message_append
    def append(self, request: Request, session_id: str) -> Response:
        """Append a message: 201, or 200 with the stored one when its key is known."""
        draft = message_draft(
            validated(MessageInput, request.data), client_id=idempotency_key(request)
        )
        appended = messages.message_append(
            session_id=session_id, user_id=user_id(request), draft=draft, now=timezone.now()
        )
        return Response(
            wire.message(appended.messages[0]), status=200 if appended.replayed else 201
        )

    @description.message_append_batch
    def append_batch(self, request: Request, session_id: str) -> Response:
        """Append several messages at consecutive `seq`, all or none."""
        appended = messages.message_append_batch(
            session_id=session_id,
            user_id=user_id(request),
            batch=[message_draft(data) for data in validated(BatchInput, request.data)["messages"]],
            key=idempotency_key(request, suffix_chars=len(f"/{BATCH_MAX_MESSAGES - 1}")),
            now=timezone.now(),
        )
        return Response(
            {"messages": wire.messages(appended.messages)},
            status=200 if appended.replayed else 201,
        )

    @description.message_list
    def list(self, request: Request, session_id: str) -> Response:
        """Read a run of messages: those after a `seq`, or those before one; oldest first."""
        query = validated(MessagesQuery, request.query_params)
        page = messages.message_page(
            session_id=session_id,
            user_id=user_id(request),
            after=query.get("after"),
            before=query.get("before"),
            limit=query["limit"],
            now=timezone.now(),
        )
        return Response(wire.message_page(page))

    @description.message_delete
    def destroy(self, request: Request, session_id: str, seq: str) -> Response:
        """Erase a message's content; its place stays, marked as deleted."""
        if not (seq.isascii() and seq.isdigit() and len(seq) <= _SEQ_DIGITS):
            raise MessageNotFound
        messages.message_delete(
            session_id=session_id, user_id=user_id(request), seq=int(seq), now=timezone.now()
        )
        return Response(status=204)
