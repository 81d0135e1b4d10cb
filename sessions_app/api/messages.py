"""`/session/{id}/message` and `/session/{id}/messages`: append and read messages."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api.description import messages as described
from sessions_app.api.wire import messages as wire
from sessions_app.domain.applications import Scope
from sessions_app.domain.limits import BATCH_MAX_MESSAGES
from sessions_app.http.input import QueryView, idempotency_key, user_id, validated
from sessions_app.services import messages


class MessageViewSet(ViewSet, QueryView):
    """The messages of one of the caller's sessions."""

    scopes = {"GET": Scope.SESSIONS_READ, "POST": Scope.SESSIONS_WRITE}
    queries = {"list": wire.MessagesQuery}

    @described.message_append
    def append(self, request: Request, session_id: str) -> Response:
        """Append a message: 201, or 200 with the stored one when its key is known."""
        draft = wire.message_draft(
            validated(wire.MessageInput, request.data), client_id=idempotency_key(request)
        )
        appended = messages.message_append(
            session_id=session_id, user_id=user_id(request), draft=draft, now=clock.now()
        )
        return Response(
            wire.message(appended.messages[0]), status=200 if appended.replayed else 201
        )

    @described.message_append_batch
    def append_batch(self, request: Request, session_id: str) -> Response:
        """Append several messages at consecutive `seq`, all or none."""
        batch = validated(wire.BatchInput, request.data)["messages"]
        appended = messages.message_append_batch(
            session_id=session_id,
            user_id=user_id(request),
            batch=[wire.message_draft(data) for data in batch],
            # Room for the suffixes that make a batch's key one key for each message.
            key=idempotency_key(request, suffix_chars=len(f"/{BATCH_MAX_MESSAGES - 1}")),
            now=clock.now(),
        )
        return Response(
            {"messages": wire.messages(appended.messages)},
            status=200 if appended.replayed else 201,
        )

    @described.message_list
    def list(self, request: Request, session_id: str) -> Response:
        """Read messages after a `seq`, or those before one; oldest first."""
        query = self.query
        page = messages.message_page(
            session_id=session_id,
            user_id=user_id(request),
            after=query.get("after"),
            before=query.get("before"),
            limit=query["limit"],
            now=clock.now(),
        )
        return Response(wire.message_page(page))
