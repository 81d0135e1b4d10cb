"""`/session/{id}/context` and `/session/{id}/topics`: the context window and the topics."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from sessions_app import clock
from sessions_app.api.description import context as described
from sessions_app.api.wire import context as wire
from sessions_app.api.wire import sessions as session_wire
from sessions_app.domain.applications import Scope
from sessions_app.domain.data import Strategy
from sessions_app.http.input import QueryView, user_id, validated
from sessions_app.http.waiting import Waits, allowance, waits
from sessions_app.services import context
from sessions_app.services import topics as topics_service


class ContextViewSet(ViewSet, QueryView):
    """The context window of one of the caller's sessions."""

    scopes = {"GET": Scope.SESSIONS_READ, "POST": Scope.SESSIONS_WRITE}
    queries = {"retrieve": wire.ContextQuery}

    @waits(Waits.FOR_MUCH)
    @described.context_show
    def retrieve(self, request: Request, session_id: str) -> Response:
        """Plan the window: what a model call would be sent now, with a reason for each message."""
        query = self.query
        window = context.context_plan(
            session_id=session_id,
            user_id=user_id(request),
            max_tokens=query.get("max_tokens"),
            strategy=Strategy(query["strategy"]) if "strategy" in query else None,
            query=query.get("query"),
            seconds=allowance(request),
            now=clock.now(),
        )
        return Response(wire.context(window))

    @described.context_reset
    def reset(self, request: Request, session_id: str) -> Response:
        """Start the window after the newest message, or undo that; no message is lost."""
        session = context.context_reset(
            session_id=session_id,
            user_id=user_id(request),
            undo=validated(wire.ResetInput, request.data)["undo"],
            now=clock.now(),
        )
        return Response(session_wire.session(session), headers={"ETag": session_wire.etag(session)})

    @waits(Waits.FOR_MUCH)
    @described.topic_list
    def topics(self, request: Request, session_id: str) -> Response:
        """List the session's topics."""
        listed = topics_service.topic_list(
            session_id=session_id,
            user_id=user_id(request),
            seconds=allowance(request),
            now=clock.now(),
        )
        return Response(wire.topics(listed))
